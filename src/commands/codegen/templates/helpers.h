/* ---- What the functions at the end are made of ---- */

typedef struct {
    const uint8_t *at;
    size_t left;
    int error;
} prefix_reader_;

typedef struct {
    uint8_t *at;
    size_t left;
    int error;
} prefix_writer_;

/* A number of `width` bytes that must be below `limit`. */
static inline uint32_t prefix_unsigned_(prefix_reader_ *in, unsigned width, uint32_t limit) {
    uint32_t value = 0;
    unsigned i;
    if (in->error) return 0;
    if (in->left < width) {
        in->error = PREFIX_TRUNCATED;
        return 0;
    }
    for (i = 0; i < width; i++) value |= (uint32_t)in->at[i] << (8 * i);
    in->at += width;
    in->left -= width;
    if (value < limit) return value;
    in->error = PREFIX_RANGE;
    return 0;
}

/* A number of `width` bytes in two's complement: a multiple of `step` from `min` to `max`. */
static inline int32_t prefix_signed_(prefix_reader_ *in, unsigned width, int32_t min, int32_t max, int32_t step) {
    uint32_t mask = 0xffffffffu >> (32 - 8 * width);
    uint32_t bits = 0;
    int32_t value;
    unsigned i;
    if (in->error) return 0;
    if (in->left < width) {
        in->error = PREFIX_TRUNCATED;
        return 0;
    }
    for (i = 0; i < width; i++) bits |= (uint32_t)in->at[i] << (8 * i);
    in->at += width;
    in->left -= width;
    value = bits > mask >> 1 ? -(int32_t)(mask - bits) - 1 : (int32_t)bits;
    if (value >= min && value <= max && value % step == 0) return value;
    in->error = PREFIX_RANGE;
    return 0;
}

/* Whether `len` bytes are UTF-8 without control characters, of at most `most` characters. */
static inline bool prefix_is_text_(const uint8_t *at, size_t len, size_t most) {
    size_t i = 0;
    size_t count = 0;
    while (i < len) {
        uint8_t lead = at[i++];
        uint8_t low = 0x80;
        uint8_t high = 0xbf;
        unsigned more = 0;
        if (lead < 0x80) {
            if (lead < 0x20 || lead == 0x7f) return false;
        } else if (lead >= 0xc2 && lead <= 0xdf) {
            more = 1;
        } else if (lead >= 0xe0 && lead <= 0xef) {
            more = 2;
            if (lead == 0xe0) low = 0xa0;
            if (lead == 0xed) high = 0x9f;
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            more = 3;
            if (lead == 0xf0) low = 0x90;
            if (lead == 0xf4) high = 0x8f;
        } else {
            return false;
        }
        for (; more > 0; more--) {
            if (i == len || at[i] < low || at[i] > high) return false;
            low = 0x80;
            high = 0xbf;
            i++;
        }
        if (++count > most) return false;
    }
    return true;
}

/* A text of at most `most` characters, into room for four times as many bytes and a zero. */
static inline void prefix_text_(prefix_reader_ *in, unsigned width, size_t most, char *text) {
    size_t len = prefix_unsigned_(in, width, (uint32_t)(4 * most + 1));
    if (in->error) return;
    if (in->left < len) {
        in->error = PREFIX_TRUNCATED;
    } else if (!prefix_is_text_(in->at, len, most)) {
        in->error = PREFIX_BAD_TEXT;
    } else {
        memcpy(text, in->at, len);
        text[len] = 0;
        in->at += len;
        in->left -= len;
    }
}

static inline void prefix_put_(prefix_writer_ *out, unsigned width, uint32_t value) {
    unsigned i;
    if (out->error) return;
    if (out->left < width) {
        out->error = PREFIX_NO_ROOM;
        return;
    }
    for (i = 0; i < width; i++) out->at[i] = (uint8_t)(value >> (8 * i) & 0xffu);
    out->at += width;
    out->left -= width;
}

static inline void prefix_put_unsigned_(prefix_writer_ *out, unsigned width, uint32_t value, uint32_t limit) {
    if (value >= limit && !out->error) out->error = PREFIX_RANGE;
    prefix_put_(out, width, value);
}

static inline void prefix_put_signed_(prefix_writer_ *out, unsigned width, int32_t value, int32_t min, int32_t max, int32_t step) {
    if ((value < min || value > max || value % step != 0) && !out->error) out->error = PREFIX_RANGE;
    prefix_put_(out, width, (uint32_t)value);
}

/* `steps`, rounded, halves away from zero. */
static inline void prefix_put_steps_(prefix_writer_ *out, unsigned width, double steps, int32_t min, int32_t max) {
    if (steps > (double)min - 0.5 && steps < (double)max + 0.5) {
        prefix_put_signed_(out, width, (int32_t)(steps < 0 ? steps - 0.5 : steps + 0.5), min, max, 1);
    } else if (!out->error) {
        out->error = PREFIX_RANGE;
    }
}

static inline void prefix_put_text_(prefix_writer_ *out, unsigned width, const char *text, size_t most) {
    size_t len = 0;
    while (len <= 4 * most && text[len] != 0) len++;
    if (len > 4 * most || !prefix_is_text_((const uint8_t *)text, len, most)) {
        if (!out->error) out->error = PREFIX_BAD_TEXT;
        return;
    }
    prefix_put_(out, width, (uint32_t)len);
    if (out->error) return;
    if (out->left < len) {
        out->error = PREFIX_NO_ROOM;
        return;
    }
    memcpy(out->at, text, len);
    out->at += len;
    out->left -= len;
}

