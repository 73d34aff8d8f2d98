//! How far the rover gets in a moment.

/// Metres per second where no speed is asked for.
const CRUISE: f64 = 0.5;
/// Metres per second, each second.
const ACCELERATION: f64 = 0.6;
/// Degrees per second on the spot.
const SPIN: f64 = 90.0;
/// Degrees per second of the arm and of the camera.
const SWING: f64 = 80.0;

/// A straight drive that speeds up, and slows down in time.
#[derive(Debug)]
pub(super) struct Straight {
    left: f64,
    sign: f64,
    speed: f64,
    top: f64,
}

impl Straight {
    /// Of `distance` metres, negative backwards, at `top` metres per second.
    pub fn new(distance: f64, top: Option<f64>) -> Straight {
        Straight { left: distance.abs(), sign: distance.signum(), speed: 0.0, top: top.unwrap_or(CRUISE) }
    }

    /// The way in the next `seconds`; it ends exactly where it should.
    pub fn step(&mut self, seconds: f64) -> f64 {
        // As fast as still can be slowed down from.
        let slow = (2.0 * ACCELERATION * self.left).sqrt().max(ACCELERATION * seconds);
        self.speed = (self.speed + ACCELERATION * seconds).min(self.top).min(slow);
        let step = (self.speed * seconds).min(self.left);
        self.left -= step;
        if self.is_over() {
            self.speed = 0.0;
        }
        step * self.sign
    }

    /// Metres that are left.
    pub fn left(&self) -> f64 {
        self.left
    }

    /// Metres per second, negative backwards.
    pub fn speed(&self) -> f64 {
        self.speed * self.sign
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.left <= 0.0
    }
}

/// A turn on the spot.
#[derive(Debug)]
pub(super) struct Spin {
    from: f64,
    by: f64,
    turned: f64,
}

impl Spin {
    /// From the heading `from`, by so many degrees, positive to the left.
    pub fn new(from: f64, by: f64) -> Spin {
        Spin { from, by, turned: 0.0 }
    }

    /// The heading after the next `seconds`; the last one is exactly what it should be.
    pub fn step(&mut self, seconds: f64) -> f64 {
        approach(&mut self.turned, self.by, SPIN * seconds);
        wrap(self.from + self.turned)
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.turned == self.by
    }
}

/// Moves a joint at `angle` towards `to` for `seconds`, and says whether it is there.
pub(super) fn swing(angle: &mut f64, to: f64, seconds: f64) -> bool {
    approach(angle, to, SWING * seconds);
    *angle == to
}

/// Brings `angle` nearer to `to` by `most`, and no farther than there.
fn approach(angle: &mut f64, to: f64, most: f64) {
    *angle = if (to - *angle).abs() <= most { to } else { *angle + most * (to - *angle).signum() };
}

/// The same direction, above -180 up to 180 degrees.
pub(super) fn wrap(degrees: f64) -> f64 {
    let turned = degrees.rem_euclid(360.0);
    if turned > 180.0 { turned - 360.0 } else { turned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_told_one_way() {
        for (degrees, wrapped) in [(0.0, 0.0), (180.0, 180.0), (-180.0, 180.0), (270.0, -90.0), (-450.0, -90.0), (720.0, 0.0)] {
            assert_eq!(wrap(degrees), wrapped, "{degrees}");
        }
    }

    #[test]
    fn a_drive_never_changes_its_speed_faster_than_it_can() {
        let (mut straight, mut way, mut before) = (Straight::new(-1.0, Some(0.8)), 0.0, 0.0);
        while !straight.is_over() {
            way += straight.step(0.02);
            assert!(straight.speed() <= 0.0 && straight.speed() >= -0.8);
            // The last moments before the end are not whole ones.
            assert!((straight.speed() - before).abs() <= ACCELERATION * 0.02 * 4.0, "{before} to {}", straight.speed());
            before = straight.speed();
        }
        assert!((way + 1.0).abs() < 1e-9, "{way}");
    }
}
