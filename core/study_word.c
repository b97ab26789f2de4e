#include "core/study_word.h"

#include <string.h>

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digits[] = "0123456789";

static bool among(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

bool study_word_is_id(const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (!among(s[i], lower) && !among(s[i], digits) && s[i] != '-')
            return false;
    return n >= 1 && n <= STUDY_MAX_ID;
}

bool study_word_is_name(const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (!among(s[i], lower) && !among(s[i], upper) && !among(s[i], digits) &&
            !among(s[i], "-_"))
            return false;
    return n >= 1 && n <= STUDY_MAX_ID;
}

bool study_word_is_language(const char *s)
{
    size_t n = strspn(s, lower);
    if (n < 2 || n > 3)
        return false;
    if (s[n] == '\0')
        return true;
    size_t rest = strlen(s + n + 1);
    if (s[n] != '-' || rest < 2 || rest > 8)
        return false;
    for (const char *p = s + n + 1; *p != '\0'; p++)
        if (!among(*p, lower) && !among(*p, upper) && !among(*p, digits))
            return false;
    return true;
}

bool study_word_is_date(const char *s)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (strlen(s) != 10)
        return false;
    for (size_t i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? s[i] != '-' : !among(s[i], digits))
            return false;
    int year = (s[0] - '0') * 1000 + (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
    int month = (s[5] - '0') * 10 + (s[6] - '0'), day = (s[8] - '0') * 10 + (s[9] - '0');
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
           (leap || month != 2 || day <= 28);
}

bool study_word_is_timezone(const char *s)
{
    /* It becomes part of a path below zoneinfo, so it may not climb out of there. */
    size_t n = strlen(s);
    if (n == 0 || n > 64 || !among(s[0], upper) || s[n - 1] == '/')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!among(s[i], lower) && !among(s[i], upper) && !among(s[i], digits) &&
            !among(s[i], "/_+-"))
            return false;
    return true;
}

bool study_word_is_target(const char *s)
{
    if (strncmp(s, "dir:", 4) == 0)
        return s[4] != '\0';
    if (strncmp(s, "rclone:", 7) != 0)
        return false;
    size_t n = 0;
    for (s += 7;
         among(s[n], lower) || among(s[n], upper) || among(s[n], digits) || among(s[n], "_-");)
        n++;
    return n > 0 && s[n] == ':';
}

bool study_word_whole(const char *s, int32_t *out)
{
    bool negative = *s == '-';
    const char *p = s + (negative ? 1 : 0);
    size_t n = strlen(p);
    int64_t v = 0;
    if (n == 0 || n > 10 || (n > 1 && *p == '0'))
        return false;
    for (; *p != '\0'; p++) {
        if (!among(*p, digits))
            return false;
        v = v * 10 + (*p - '0');
    }
    v = negative ? -v : v;
    if (v < INT32_MIN || v > INT32_MAX)
        return false;
    *out = (int32_t)v;
    return true;
}

bool study_word_decimal(const char *s, double *out)
{
    /* strtod would want a comma in a Russian locale. Up to 15 digits over a power of ten up to
     * 10^15 are both exact in a double, so one division gives the nearest number. */
    double whole = 0, scale = 1;
    size_t seen = 0;
    bool point = false, bad = *s == '.' || *s == '\0';
    for (; *s != '\0' && !bad; s++) {
        if (*s == '.') {
            bad = point || s[1] == '\0';
            point = true;
        } else if (among(*s, digits) && ++seen <= 15) {
            whole = whole * 10 + (*s - '0');
            scale = point ? scale * 10 : scale;
        } else {
            bad = true;
        }
    }
    if (bad)
        return false;
    *out = whole / scale;
    return true;
}

size_t study_word_char(const uint8_t *p, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (left == 0)
        return 0;
    size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *code = c;
    return n;
}

bool study_word_hidden(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C || code == 0x200E ||
           code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}
