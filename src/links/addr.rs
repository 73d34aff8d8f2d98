//! Link addresses, as they are written on the command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// Speed of a serial line whose address names none.
pub const DEFAULT_BAUD: u32 = 115_200;

/// Where a link is: `unix:PATH`, `serial:DEV[:BAUD]`, `pty` or `stdio`.
///
/// ```
/// use qwark::links::LinkAddr;
///
/// let addr: LinkAddr = "serial:/dev/ttyUSB0:921600".parse()?;
/// assert_eq!(addr, LinkAddr::Serial { device: "/dev/ttyUSB0".into(), baud: 921_600 });
/// # Ok::<(), qwark::links::AddrError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LinkAddr {
    /// A Unix socket. The runtime makes it; any number of clients connect.
    Unix(PathBuf),
    /// A serial device. A pseudo-terminal's path will do as well.
    Serial {
        /// Path of the device.
        device: PathBuf,
        /// Bits per second.
        baud: u32,
    },
    /// A new pseudo-terminal, made by the runtime.
    Pty,
    /// The process's own standard input and output.
    Stdio,
}

/// Why a text is not a link address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddrError {
    /// It does not begin as any address does.
    #[error("`{0}` is not a link: write unix:/run/qwark.sock, serial:/dev/ttyUSB0, serial:/dev/ttyAMA0:921600, pty or stdio")]
    Form(String),
    /// The path is missing.
    #[error("`{0}` names no path: write {0}{1}")]
    NoPath(&'static str, &'static str),
    /// The number after the device is no speed.
    #[error("`{0}` is not a serial speed: write for example serial:/dev/ttyUSB0:115200")]
    Baud(String),
}

const UNIX: &str = "unix:";
const SERIAL: &str = "serial:";

impl FromStr for LinkAddr {
    type Err = AddrError;

    fn from_str(text: &str) -> Result<Self, AddrError> {
        if let Some(path) = text.strip_prefix(UNIX) {
            if path.is_empty() {
                return Err(AddrError::NoPath(UNIX, "/run/qwark.sock"));
            }
            return Ok(LinkAddr::Unix(path.into()));
        }
        if let Some(rest) = text.strip_prefix(SERIAL) {
            let (device, baud) = split_baud(rest)?;
            if device.is_empty() {
                return Err(AddrError::NoPath(SERIAL, "/dev/ttyUSB0"));
            }
            return Ok(LinkAddr::Serial { device: device.into(), baud });
        }
        match text {
            "pty" => Ok(LinkAddr::Pty),
            "stdio" => Ok(LinkAddr::Stdio),
            _ => Err(AddrError::Form(text.to_owned())),
        }
    }
}

/// Splits `DEV[:BAUD]`. A colon that no digits follow belongs to the device: /dev/serial/by-path has such names.
fn split_baud(text: &str) -> Result<(&str, u32), AddrError> {
    let Some((device, digits)) = text.rsplit_once(':') else {
        return Ok((text, DEFAULT_BAUD));
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((text, DEFAULT_BAUD));
    }
    match digits.parse() {
        Ok(baud) if baud > 0 => Ok((device, baud)),
        _ => Err(AddrError::Baud(digits.to_owned())),
    }
}

impl fmt::Display for LinkAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkAddr::Unix(path) => write!(f, "{UNIX}{}", path.display()),
            LinkAddr::Serial { device, baud } => write!(f, "{SERIAL}{}:{baud}", device.display()),
            LinkAddr::Pty => f.write_str("pty"),
            LinkAddr::Stdio => f.write_str("stdio"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serial(device: &str, baud: u32) -> LinkAddr {
        LinkAddr::Serial { device: device.into(), baud }
    }

    #[test]
    fn every_form_parses_and_prints() {
        let by_path = "/dev/serial/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3:1.0-port0";
        for (text, addr) in [
            ("unix:/run/qwark.sock", LinkAddr::Unix("/run/qwark.sock".into())),
            ("unix:rel:ative", LinkAddr::Unix("rel:ative".into())),
            ("serial:/dev/ttyAMA0", serial("/dev/ttyAMA0", DEFAULT_BAUD)),
            ("serial:/dev/pts/7:9600", serial("/dev/pts/7", 9600)),
            (&format!("serial:{by_path}"), serial(by_path, DEFAULT_BAUD)),
            (&format!("serial:{by_path}:57600"), serial(by_path, 57_600)),
            ("pty", LinkAddr::Pty),
            ("stdio", LinkAddr::Stdio),
        ] {
            assert_eq!(text.parse(), Ok(addr.clone()), "{text}");
            assert_eq!(addr.to_string().parse(), Ok(addr), "{text}");
        }
    }

    #[test]
    fn refusals_say_what_to_write() {
        for (text, said) in [
            ("", "unix:/run/qwark.sock"),
            ("tcp:localhost:80", "`tcp:localhost:80` is not a link"),
            ("Pty", "`Pty` is not a link"),
            ("unix:", "unix:/run/qwark.sock"),
            ("serial:", "serial:/dev/ttyUSB0"),
            ("serial::9600", "serial:/dev/ttyUSB0"),
            ("serial:/dev/ttyS0:", "`` is not a serial speed"),
            ("serial:/dev/ttyS0:0", "`0` is not a serial speed"),
            ("serial:/dev/ttyS0:99999999999", "`99999999999` is not a serial speed"),
        ] {
            let error = text.parse::<LinkAddr>().expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
