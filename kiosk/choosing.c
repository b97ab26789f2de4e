#include "kiosk/choosing.h"

#include "core/words.h"
#include "kiosk/keys.h"
#include "kiosk/setup.h"
#include "kiosk/text.h"

enum { PASSPHRASE_ROOM = 255, PASSPHRASE_WORDS = 5 };

enum err choosing_start(struct choosing *c)
{
    c->first.dots = c->again.dots = true;
    enum err e = field_start(&c->first, PASSPHRASE_ROOM);
    return e == ERR_OK ? field_start(&c->again, PASSPHRASE_ROOM) : e;
}

void choosing_free(struct choosing *c)
{
    field_free(&c->first);
    field_free(&c->again);
}

void choosing_clear(struct choosing *c)
{
    field_clear(&c->first);
    field_clear(&c->again);
    c->trouble = false;
}

enum err choosing_offer(struct choosing *c)
{
    struct secret *words = NULL;
    choosing_clear(c);
    enum err e = words_passphrase(PASSPHRASE_WORDS, &words);
    if (e != ERR_OK)
        return e;
    field_set(&c->first, (const char *)secret_view(words));
    secret_free(words);
    c->phase = CHOOSING_WORDS;
    return ERR_OK;
}

static void draw_words(const struct choosing *c, struct page *p)
{
    page_text(p, 0,
              _("This is your passphrase. It is shown only now, and nobody can find it out "
                "later: without it the laptop must be set up anew."));
    page_blank(p);
    page_middle(p, GRID_BOLD, field_text(&c->first));
    page_blank(p);
    page_text(p, 0,
              _("Learn the five words by heart, then press Enter and type them once. To use a "
                "passphrase of your own, of 12 characters at least, press o."));
}

static void draw_again(const struct choosing *c, struct page *p, const char *working)
{
    page_text(
        p, 0,
        c->phase == CHOOSING_AGAIN
            ? _("Type the five words, with one space between them, and press Enter. Esc shows "
                "them again.")
            : _("Type the same passphrase once more and press Enter. Esc starts over."));
    page_blank(p);
    page_field(p, _("Passphrase:"), &c->again, working == NULL);
    page_blank(p);
    if (working != NULL)
        page_text(p, GRID_BOLD, working);
    else if (c->trouble)
        page_text(p, GRID_BOLD, _("That was not the same. Type it once more."));
    else if (field_not_latin(&c->again) && !field_not_latin(&c->first))
        page_text(p, 0, _("What is typed is not Latin: another keyboard layout is on."));
}

static void draw_own(const struct choosing *c, struct page *p)
{
    page_text(p, 0,
              _("Type a passphrase of your own: 12 characters at least, several words are "
                "best. It is not shown; you will type it twice."));
    page_blank(p);
    page_field(p, _("Passphrase:"), &c->again, true);
    page_blank(p);
    if (c->trouble)
        page_text(p, GRID_BOLD, _("That is too short: 12 characters at least."));
    else if (field_not_latin(&c->again))
        page_text(p, 0,
                  _("What is typed is not Latin: you will need this keyboard layout each time."));
}

void choosing_draw(const struct choosing *c, struct page *p, const char *working)
{
    if (c->phase == CHOOSING_WORDS)
        draw_words(c, p);
    else if (c->phase == CHOOSING_OWN)
        draw_own(c, p);
    else
        draw_again(c, p, working);
}

static void ask_for(struct choosing *c, enum choosing_phase phase)
{
    field_clear(&c->again);
    c->phase = phase;
    c->trouble = false;
}

static bool same(const struct field *a, const struct field *b)
{
    return a->len == b->len && sodium_memcmp(field_text(a), field_text(b), a->len) == 0;
}

static bool long_enough(const struct field *f)
{
    struct secret *own = NULL;
    bool ok =
        f->len > 0 && field_secret(f, &own) == ERR_OK && setup_check_passphrase(own) == ERR_OK;
    secret_free(own);
    return ok;
}

static enum choosing_said enter(struct choosing *c)
{
    if (c->phase != CHOOSING_OWN && same(&c->first, &c->again))
        return CHOOSING_DONE;
    if (c->phase == CHOOSING_OWN && long_enough(&c->again)) {
        field_set(&c->first, field_text(&c->again));
        ask_for(c, CHOOSING_TWICE);
        return CHOOSING_ON;
    }
    field_clear(&c->again);
    c->trouble = true;
    return CHOOSING_ON;
}

static enum choosing_said escape(struct choosing *c)
{
    if (c->phase == CHOOSING_WORDS)
        return CHOOSING_BACK;
    if (c->phase == CHOOSING_AGAIN) {
        ask_for(c, CHOOSING_WORDS);
        return CHOOSING_ON;
    }
    return choosing_offer(c) == ERR_OK ? CHOOSING_ON : CHOOSING_FAILED;
}

enum choosing_said choosing_key(struct choosing *c, int key)
{
    if (key == KEYS_ESCAPE)
        return escape(c);
    if (c->phase == CHOOSING_WORDS) {
        if (key == KEYS_ENTER)
            ask_for(c, CHOOSING_AGAIN);
        else if (keys_latin(key) == 'o')
            ask_for(c, CHOOSING_OWN);
        return CHOOSING_ON;
    }
    if (key == KEYS_ENTER)
        return enter(c);
    if (field_key(&c->again, key))
        c->trouble = false;
    return CHOOSING_ON;
}

size_t choosing_hints(const struct choosing *c, struct hint out[SCREEN_HINTS])
{
    size_t n = 0;
    out[n++] = (struct hint){"Enter", _("next")};
    if (c->phase == CHOOSING_WORDS)
        out[n++] = (struct hint){"o", _("own passphrase")};
    out[n++] = (struct hint){"Esc", _("back")};
    out[n++] = (struct hint){"F2", _("language")};
    return n;
}
