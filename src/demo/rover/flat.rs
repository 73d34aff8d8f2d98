//! The flat that the rover lives in: walls, furniture, places, and ways around them.

use std::f64::consts::FRAC_1_SQRT_2;

use super::commands::GotoPlace;

/// Metres from west to east, and from south to north.
pub const SIZE: Point = Point { x: 9.0, y: 6.0 };

/// How near the rover's middle comes to a wall.
pub const RADIUS: f64 = 0.2;

/// A point of the floor, in metres from the flat's south-west corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the east.
    pub x: f64,
    /// To the north.
    pub y: f64,
}

/// A straight piece of wall, or an edge of a piece of furniture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment(pub Point, pub Point);

/// What stands where it cannot be driven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Furniture {
    /// Its south-west corner.
    pub from: Point,
    /// Its north-east corner.
    pub to: Point,
}

const fn at(x: f64, y: f64) -> Point {
    Point { x, y }
}

/// The walls.
pub const WALLS: [Segment; 7] = [
    Segment(at(0.0, 0.0), at(9.0, 0.0)),
    Segment(at(9.0, 0.0), at(9.0, 6.0)),
    Segment(at(9.0, 6.0), at(0.0, 6.0)),
    Segment(at(0.0, 6.0), at(0.0, 0.0)),
    // The kitchen, in the north-west, opens to the south.
    Segment(at(0.0, 3.5), at(2.0, 3.5)),
    Segment(at(3.4, 3.5), at(3.4, 6.0)),
    // The hall, below it, opens to the east.
    Segment(at(3.4, 0.0), at(3.4, 1.2)),
];

/// Worktop, table and sofa.
pub const FURNITURE: [Furniture; 3] = [
    Furniture { from: at(0.0, 5.4), to: at(2.6, 6.0) },
    Furniture { from: at(5.2, 2.2), to: at(6.6, 3.2) },
    Furniture { from: at(8.3, 3.4), to: at(9.0, 5.2) },
];

/// Where ways may bend: in the doorways, and around the table.
const BENDS: [Point; 6] = [at(2.7, 3.5), at(3.4, 2.3), at(4.8, 1.8), at(7.0, 1.8), at(7.0, 3.6), at(4.8, 3.6)];

impl Point {
    /// The distance to `other`.
    pub fn distance(self, other: Point) -> f64 {
        (other.x - self.x).hypot(other.y - self.y)
    }

    /// The direction to `other`, in degrees counter-clockwise from the east.
    pub fn direction(self, other: Point) -> f64 {
        (other.y - self.y).atan2(other.x - self.x).to_degrees()
    }

    /// The point `distance` from here in the direction of `degrees`.
    pub fn ahead(self, degrees: f64, distance: f64) -> Point {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Point { x: self.x + distance * cos, y: self.y + distance * sin }
    }
}

impl Segment {
    fn distance_to(self, point: Point) -> f64 {
        let Segment(a, b) = self;
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let along = ((point.x - a.x) * dx + (point.y - a.y) * dy) / (dx * dx + dy * dy).max(f64::MIN_POSITIVE);
        let along = along.clamp(0.0, 1.0);
        point.distance(Point { x: a.x + along * dx, y: a.y + along * dy })
    }

    fn crosses(self, other: Segment) -> bool {
        let side = |Segment(a, b): Segment, p: Point| (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
        let parts = |line: Segment, Segment(a, b): Segment| (side(line, a) > 0.0) != (side(line, b) > 0.0);
        parts(self, other) && parts(other, self)
    }

    fn clearance(self, other: Segment) -> f64 {
        if self.crosses(other) {
            return 0.0;
        }
        let ends = [self.distance_to(other.0), self.distance_to(other.1), other.distance_to(self.0), other.distance_to(self.1)];
        ends.into_iter().fold(f64::INFINITY, f64::min)
    }
}

impl Furniture {
    /// Its edges.
    pub fn edges(self) -> [Segment; 4] {
        let Furniture { from, to } = self;
        let (south_east, north_west) = (at(to.x, from.y), at(from.x, to.y));
        [Segment(from, south_east), Segment(south_east, to), Segment(to, north_west), Segment(north_west, from)]
    }
}

/// Where the rover stands when it has gone to `place`.
pub fn stand(place: GotoPlace) -> Point {
    match place {
        GotoPlace::Dock => at(8.2, 0.6),
        GotoPlace::Kitchen => at(1.3, 4.9),
        GotoPlace::Door => at(0.6, 1.2),
        GotoPlace::Table => at(5.9, 1.8),
        GotoPlace::Window => at(5.9, 5.4),
        GotoPlace::Sofa => at(7.8, 4.3),
    }
}

/// Where the name of `place` stands on a map.
pub fn label(place: GotoPlace) -> Point {
    match place {
        GotoPlace::Dock => at(8.2, 0.15),
        GotoPlace::Kitchen => at(1.3, 5.7),
        GotoPlace::Door => at(0.6, 0.5),
        GotoPlace::Table => at(6.0, 2.7),
        GotoPlace::Window => at(5.9, 5.85),
        GotoPlace::Sofa => at(8.65, 4.3),
    }
}

/// What a person calls `place`.
pub fn name(place: GotoPlace) -> &'static str {
    match place {
        GotoPlace::Dock => "dock",
        GotoPlace::Kitchen => "kitchen",
        GotoPlace::Door => "door",
        GotoPlace::Table => "table",
        GotoPlace::Window => "window",
        GotoPlace::Sofa => "sofa",
    }
}

/// Whether the rover's middle, at `from`, cannot move to `to`: something is too near, and would be nearer than before.
pub fn is_blocked(from: Point, to: Point) -> bool {
    obstacles().any(|edge| edge.distance_to(to) < RADIUS && edge.distance_to(to) < edge.distance_to(from))
}

/// The shortest way from `from` to `to`, without `from`; straight ahead where no other is clear.
pub fn route(from: Point, to: Point) -> Vec<Point> {
    let nodes: Vec<Point> = [from].into_iter().chain(BENDS).chain([to]).collect();
    // Dijkstra's algorithm: the nearest node whose way is known for certain, one after the other.
    let mut best = vec![(f64::INFINITY, 0); nodes.len()];
    let mut done = vec![false; nodes.len()];
    best[0].0 = 0.0;
    while let Some(here) = (0..nodes.len()).filter(|&node| !done[node]).min_by(|&a, &b| best[a].0.total_cmp(&best[b].0)) {
        done[here] = true;
        for next in 0..nodes.len() {
            let length = best[here].0 + nodes[here].distance(nodes[next]);
            if length < best[next].0 && is_clear(nodes[here], nodes[next]) {
                best[next] = (length, here);
            }
        }
    }
    let (mut way, mut node) = (vec![to], best[nodes.len() - 1].1);
    while node != 0 {
        way.push(nodes[node]);
        node = best[node].1;
    }
    way.reverse();
    way
}

/// Whether the rover can go straight from `from` to `to`. Where it begins, it may be as near to a wall as it happens to be.
fn is_clear(from: Point, to: Point) -> bool {
    let reach = from.distance(to);
    let begin = from.ahead(from.direction(to), (RADIUS * FRAC_1_SQRT_2).min(reach));
    obstacles().all(|edge| edge.clearance(Segment(begin, to)) >= RADIUS.min(edge.distance_to(begin)))
}

fn obstacles() -> impl Iterator<Item = Segment> {
    WALLS.into_iter().chain(FURNITURE.into_iter().flat_map(Furniture::edges))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_every_place_there_is_a_clear_way_to_every_other() {
        for from in GotoPlace::ALL {
            for to in GotoPlace::ALL {
                let mut here = stand(from);
                for next in route(here, stand(to)) {
                    assert!(is_clear(here, next), "{from:?} to {to:?}: {here:?} to {next:?}");
                    here = next;
                }
                assert_eq!(here, stand(to));
            }
        }
    }

    #[test]
    fn ways_are_short_and_lead_through_doorways() {
        assert_eq!(route(stand(GotoPlace::Dock), stand(GotoPlace::Sofa)), [stand(GotoPlace::Sofa)]);
        let way = route(stand(GotoPlace::Window), stand(GotoPlace::Kitchen));
        assert!(way.contains(&BENDS[1]), "{way:?}");
        assert!(!is_clear(stand(GotoPlace::Window), stand(GotoPlace::Kitchen)), "a wall is between");
    }

    #[test]
    fn walls_and_furniture_cannot_be_driven_into_but_can_be_left() {
        assert!(is_blocked(at(0.21, 1.0), at(0.19, 1.0)));
        assert!(!is_blocked(at(0.15, 1.0), at(0.17, 1.0)));
        assert!(is_blocked(at(5.01, 2.7), at(4.99, 2.7).ahead(0.0, 0.05)));
        assert!(!is_blocked(at(4.5, 2.7), at(4.6, 2.7)));
    }
}
