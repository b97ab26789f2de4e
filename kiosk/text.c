#include "kiosk/text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unigbrk.h>
#include <unilbrk.h>
#include <unistd.h>
#include <uniwidth.h>

#include "core/log.h"

#define TEXT_DOMAIN "sanaq-kiosk"

enum { PATH_ROOM = 4096, LINE_ROOM = 1024 };

static const struct {
    const char *tag, *name;
} language[] = {{"kk", "Қазақша"}, {"ru", "Русский"}, {"en", "English"}};

static bool folder_has_catalogues(const char *dir)
{
    char path[PATH_ROOM + 64];
    snprintf(path, sizeof path, "%s/ru/LC_MESSAGES/" TEXT_DOMAIN ".mo", dir);
    return access(path, R_OK) == 0;
}

/* Beside the program: installed somewhere else than planned, or in a build folder. */
static bool find_beside(char *out, size_t room)
{
    static const char *const place[] = {"../share/locale", "locale"};
    char self[PATH_ROOM];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0)
        return false;
    self[len] = 0;
    char *slash = strrchr(self, '/');
    if (slash == NULL)
        return false;
    *slash = 0;
    for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
        int n = snprintf(out, room, "%s/%s", self, place[i]);
        if (n > 0 && (size_t)n < room && folder_has_catalogues(out))
            return true;
    }
    return false;
}

/* gettext gives no translation while the locale of messages is "C": any other one will do, since
 * LANGUAGE says which language it is. Newer C libraries count C.UTF-8 as "C" too, so a real locale
 * is preferred where one is installed. */
static void leave_c_messages(void)
{
    static const char *const locale[] = {"en_US.UTF-8", "ru_RU.UTF-8", "kk_KZ.UTF-8", "C.UTF-8"};
    const char *now = setlocale(LC_MESSAGES, NULL);
    if (now != NULL && strcmp(now, "C") != 0 && strcmp(now, "POSIX") != 0 && now[0] != 0 &&
        strncmp(now, "C.", 2) != 0)
        return;
    for (size_t i = 0; i < sizeof locale / sizeof *locale; i++)
        if (setlocale(LC_MESSAGES, locale[i]) != NULL)
            return;
}

enum err text_start(void)
{
    char beside[PATH_ROOM];
    bool known = setlocale(LC_ALL, "") != NULL;
    const char *type = known ? setlocale(LC_CTYPE, NULL) : NULL;
    if (type == NULL || strcmp(type, "C") == 0 || strcmp(type, "POSIX") == 0)
        setlocale(LC_ALL, "C.UTF-8");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        return log_fail(ERR_SYSTEM,
                        "this terminal uses %s, but the pages need UTF-8; set LANG=C.UTF-8 "
                        "(and the terminal to UTF-8) and start again",
                        nl_langinfo(CODESET));
    setlocale(LC_NUMERIC, "C");
    leave_c_messages();
    if (folder_has_catalogues(SANAQ_LOCALEDIR))
        bindtextdomain(TEXT_DOMAIN, SANAQ_LOCALEDIR);
    else if (find_beside(beside, sizeof beside))
        bindtextdomain(TEXT_DOMAIN, beside);
    bind_textdomain_codeset(TEXT_DOMAIN, "UTF-8");
    textdomain(TEXT_DOMAIN);
    return ERR_OK;
}

void text_use(const char *tag)
{
    setenv("LANGUAGE", tag, 1);
    textdomain(TEXT_DOMAIN); /* tells gettext that what it remembers no longer holds */
}

void text_wanted(char *out, size_t room)
{
    static const char *const name[] = {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};
    out[0] = 0;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const char *value = getenv(name[i]);
        if (value == NULL || value[0] == 0)
            continue;
        size_t len = strcspn(value, "_.:@");
        if (len == 0 || len >= room || strncmp(value, "C", len) == 0 ||
            strncmp(value, "POSIX", len) == 0)
            return;
        memcpy(out, value, len);
        out[len] = 0;
        return;
    }
}

const char *text_language(size_t i)
{
    return i < sizeof language / sizeof *language ? language[i].tag : NULL;
}

const char *text_language_name(const char *tag)
{
    for (size_t i = 0; i < sizeof language / sizeof *language; i++)
        if (strcmp(language[i].tag, tag) == 0)
            return language[i].name;
    return tag;
}

int text_width(const char *text, size_t len)
{
    return u8_width((const uint8_t *)text, len, "UTF-8");
}

/* Without a place to break: as many characters as fit, at least one. */
static size_t hard_break(const uint8_t *p, size_t len, int width)
{
    size_t at = 0;
    while (at < len) {
        size_t next = (size_t)(u8_grapheme_next(p + at, p + len) - p);
        if (at > 0 && u8_width(p, next, "UTF-8") > width)
            break;
        at = next;
    }
    return at;
}

size_t text_line(const char *text, int width, size_t *skip)
{
    const uint8_t *p = (const uint8_t *)text;
    char mark[LINE_ROOM];
    size_t len = strlen(text), end = 0;
    if (len > LINE_ROOM) /* no line is longer; cut between characters */
        for (len = LINE_ROOM; (p[len] & 0xc0) == 0x80;)
            len--;
    *skip = 0;
    if (len == 0)
        return 0;
    u8_width_linebreaks(p, len, width, 0, 0, NULL, "UTF-8", mark);
    while (end < len && mark[end] != UC_BREAK_MANDATORY &&
           (end == 0 || mark[end] != UC_BREAK_POSSIBLE))
        end++;
    size_t take = end;
    if (end < len && mark[end] == UC_BREAK_MANDATORY)
        end++; /* the line break itself */
    while (take > 0 && p[take - 1] == ' ')
        take--;
    if (u8_width(p, take, "UTF-8") > width)
        take = end = hard_break(p, take, width);
    *skip = end - take;
    return take;
}
