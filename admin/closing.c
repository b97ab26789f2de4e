#include "admin/closing.h"

#include <ctype.h>
#include <string.h>

#include "core/log.h"

/* How many bytes of a space or dash stand at ${p}: the wide ones that telephones and word
 * processors put in too. */
static size_t between(const char *p)
{
    static const char *const wide[] = {"\u00a0", "\u2010", "\u2011", "\u2012", "\u2013",
                                       "\u2014", "\u2009", "\u202f", "\u2212"};
    if (strchr(" \t\n-.,;:/_", *p) != NULL)
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (strncmp(p, wide[i], strlen(wide[i])) == 0)
            return strlen(wide[i]);
    return 0;
}

enum err closing_read(const char *text, char out[CLOSING_TEXT])
{
    char digits[CLOSING_TEXT] = "";
    size_t n = 0;
    for (const char *p = text; *p != '\0';) {
        size_t skip = between(p);
        if (skip == 0 && !isdigit((unsigned char)*p))
            return log_fail(ERR_USAGE,
                            "closing code \"%s\": it is made of digits only, six groups of four",
                            text);
        if (skip == 0 && n < CLOSING_DIGITS)
            digits[n] = *p;
        n += skip == 0;
        p += skip > 0 ? skip : 1;
    }
    if (n != CLOSING_DIGITS)
        return log_fail(
            ERR_USAGE,
            "closing code \"%s\": this has %zu digits; a closing code has %d, six groups of "
            "four; ask for it again",
            text, n, CLOSING_DIGITS);
    memcpy(out, digits, CLOSING_TEXT);
    return ERR_OK;
}

void closing_space(const char digits[CLOSING_TEXT], char out[CLOSING_SPACED])
{
    size_t n = 0;
    for (size_t i = 0; i < CLOSING_DIGITS; i++) {
        if (i > 0 && i % 4 == 0)
            out[n++] = ' ';
        out[n++] = digits[i];
    }
    out[n] = '\0';
}
