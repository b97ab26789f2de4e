#include "kiosk/field.h"

#include <string.h>
#include <unistr.h>

#include "kiosk/keys.h"

enum err field_start(struct field *f, size_t room)
{
    f->len = 0;
    return secret_new(room + 1, &f->text);
}

void field_free(struct field *f)
{
    secret_free(f->text);
    *f = (struct field){0};
}

void field_clear(struct field *f)
{
    secret_wipe(secret_bytes(f->text), secret_len(f->text));
    f->len = 0;
}

static void erase_last(struct field *f)
{
    uint8_t *p = secret_bytes(f->text);
    while (f->len > 0 && (p[f->len - 1] & 0xc0) == 0x80)
        p[--f->len] = 0;
    if (f->len > 0)
        p[--f->len] = 0;
}

bool field_key(struct field *f, int key)
{
    if (key == KEYS_BACKSPACE) {
        erase_last(f);
        return true;
    }
    if (!keys_is_text(key) || (f->digits && (key < '0' || key > '9')))
        return false;
    uint8_t *p = secret_bytes(f->text);
    int n = u8_uctomb(p + f->len, (ucs4_t)key, (ptrdiff_t)(secret_len(f->text) - 1 - f->len));
    if (n > 0)
        f->len += (size_t)n;
    return true;
}

void field_set(struct field *f, const char *text)
{
    field_clear(f);
    size_t len = strlen(text), room = secret_len(f->text) - 1;
    f->len = len < room ? len : room;
    memcpy(secret_bytes(f->text), text, f->len);
}

const char *field_text(const struct field *f)
{
    return (const char *)secret_view(f->text);
}

bool field_number(const struct field *f, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;
    if (f->len == 0)
        return false;
    for (const char *p = field_text(f); *p != 0; p++) {
        value = value * 10 + (uint64_t)(*p - '0');
        if (value > max)
            return false;
    }
    *out = (uint32_t)value;
    return true;
}

size_t field_count(const struct field *f)
{
    return u8_mbsnlen(secret_view(f->text), f->len);
}

enum err field_secret(const struct field *f, struct secret **out)
{
    struct secret *copy = NULL;
    enum err e = secret_copy(secret_view(f->text), f->len, &copy);
    if (e == ERR_OK)
        *out = copy;
    return e;
}

bool field_not_latin(const struct field *f)
{
    for (const char *p = field_text(f); *p != 0; p++)
        if ((uint8_t)*p >= 0x80)
            return true;
    return false;
}

bool field_shouts(const struct field *f)
{
    size_t capitals = 0;
    for (const char *p = field_text(f); *p != 0; p++) {
        if ((*p >= 'a' && *p <= 'z') || (uint8_t)*p >= 0x80)
            return false;
        capitals += *p >= 'A' && *p <= 'Z';
    }
    return capitals >= 3;
}
