//! The flat, the rover in it, and what it does there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{self, Canvas, Context, Points};

use super::app::App;
use crate::demo::rover::body::{Pose, State};
use crate::demo::rover::commands::{GotoPlace, LightColor};
use crate::demo::rover::flat::{self, FURNITURE, Point, SIZE, Segment, WALLS};

/// Metres around the flat.
const MARGIN: f64 = 0.15;
/// What the camera sees is an arc: so many metres away, so many degrees to each side, of so many points.
const SIGHT: (f64, f64, i32) = (0.9, 25.0, 8);
/// Metres of the line that shows the heading.
const ARROW: f64 = 0.5;
/// The heading as a character, from the east counter-clockwise.
const ARROWS: [&str; 8] = ["→", "↗", "↑", "↖", "←", "↙", "↓", "↘"];
/// Characters that the rover's radius must have for it to look round.
const SEEN_ROUND: f64 = 1.5;
/// A character is about twice as high as wide.
const ASPECT: f64 = 2.0;

/// The map of a flat.
pub struct Map<'a>(pub &'a App);

impl Widget for Map<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let view = View::of(area);
        let app = self.0;
        Canvas::default()
            .marker(Marker::Braille)
            .x_bounds(view.x)
            .y_bounds(view.y)
            .paint(|context| {
                floor(context);
                context.layer();
                let trail: Vec<(f64, f64)> = app.trail.iter().map(|point| (point.x, point.y)).collect();
                context.draw(&Points { coords: &trail, color: Color::DarkGray });
                context.layer();
                if let Some(rover) = &app.rover {
                    draw_rover(context, rover, &view);
                }
                places(context, &view);
                if let Some(rover) = &app.rover {
                    words(context, rover, &view);
                }
            })
            .render(area, buffer);
    }
}

/// Which part of the world the area shows: all of the flat, in its proportions.
struct View {
    x: [f64; 2],
    y: [f64; 2],
    /// Metres of one character's width.
    cell: f64,
}

impl View {
    fn of(area: Rect) -> View {
        let (width, height) = (f64::from(area.width), f64::from(area.height) * ASPECT);
        let cell = ((SIZE.x + 2.0 * MARGIN) / width).max((SIZE.y + 2.0 * MARGIN) / height);
        let bounds = |size: f64, cells: f64| [(size - cells * cell) / 2.0, (size + cells * cell) / 2.0];
        View { x: bounds(SIZE.x, width), y: bounds(SIZE.y, height), cell }
    }

    /// Where a text of so many characters begins that has `at` in its middle, and stays within the view.
    fn around(&self, at: Point, len: usize) -> Point {
        let width = len as f64 * self.cell;
        let most = (self.x[1] - width).max(self.x[0]);
        Point { x: (at.x - width / 2.0).clamp(self.x[0], most), y: at.y.clamp(self.y[0], self.y[1]) }
    }
}

fn floor(context: &mut Context<'_>) {
    FURNITURE.iter().flat_map(|furniture| furniture.edges()).for_each(|edge| line(context, edge, Color::Indexed(95)));
    WALLS.iter().for_each(|wall| line(context, *wall, Color::Gray));
}

fn line(context: &mut Context<'_>, Segment(from, to): Segment, color: Color) {
    context.draw(&canvas::Line { x1: from.x, y1: from.y, x2: to.x, y2: to.y, color });
}

fn places(context: &mut Context<'_>, view: &View) {
    for place in GotoPlace::ALL {
        let name = flat::name(place);
        let at = view.around(flat::label(place), name.len());
        context.print(at.x, at.y, Line::from(name.cyan()));
    }
}

fn draw_rover(context: &mut Context<'_>, rover: &State, view: &View) {
    let Pose { at, heading } = rover.pose;
    let sight: Vec<(f64, f64)> = (-SIGHT.2..=SIGHT.2)
        .map(|part| at.ahead(heading + rover.pan + SIGHT.1 * f64::from(part) / f64::from(SIGHT.2), SIGHT.0))
        .map(|point| (point.x, point.y))
        .filter(|(x, y)| (0.0..=SIZE.x).contains(x) && (0.0..=SIZE.y).contains(y))
        .collect();
    context.draw(&Points { coords: &sight, color: Color::LightMagenta });
    let color = color(rover.light).unwrap_or(Color::White);
    context.layer();
    if view.cell * SEEN_ROUND < flat::RADIUS {
        context.draw(&canvas::Circle { x: at.x, y: at.y, radius: flat::RADIUS, color });
    }
    line(context, Segment(at, at.ahead(heading, ARROW)), color);
    context.layer();
    let arrow = ARROWS[(heading.rem_euclid(360.0) / 45.0).round() as usize % ARROWS.len()];
    context.print(at.x, at.y, Line::from(Span::styled(arrow, Style::new().fg(color).add_modifier(Modifier::BOLD))));
}

/// What it says, above it.
fn words(context: &mut Context<'_>, rover: &State, view: &View) {
    let Some(words) = &rover.words else { return };
    let text = format!(" {words} ");
    let above = Point { x: rover.pose.at.x, y: rover.pose.at.y + 2.5 * ASPECT * view.cell };
    let at = view.around(above, text.chars().count());
    context.print(at.x, at.y, Line::from(Span::styled(text, Style::new().black().on_light_yellow())));
}

/// The light's colour, where it is on.
pub fn color(light: LightColor) -> Option<Color> {
    match light {
        LightColor::Off => None,
        LightColor::White => Some(Color::White),
        LightColor::Red => Some(Color::LightRed),
        LightColor::Green => Some(Color::LightGreen),
        LightColor::Blue => Some(Color::LightBlue),
        LightColor::Yellow => Some(Color::LightYellow),
    }
}
