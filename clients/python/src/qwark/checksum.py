"""CRC-32C (Castagnoli), which ends every frame and vouches for a request's text."""

_POLYNOMIAL = 0x82F63B78  # 0x1EDC6F41, reflected


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(_entry(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """The checksum of `data`, one table look-up for each byte (Sarwate's algorithm)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
