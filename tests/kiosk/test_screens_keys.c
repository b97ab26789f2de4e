/* Keys without sense: nothing crashes, nothing gets stuck, and every contact writes what it owes.
 */
#include "tests/kiosk/pages.h"

enum { PRESSES = 10000, WAY_OUT_EVERY = 250, ROOM_FOR_ONE = 64 };

/* A generator of our own, so that a failure comes again. */
static uint32_t below(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static int any_key(uint32_t *seed)
{
    static const int keys[] = {KEYS_ENTER,   KEYS_ENTER,
                               KEYS_ENTER,   KEYS_ENTER,
                               KEYS_ESCAPE,  KEYS_BACKSPACE,
                               KEYS_UP,      KEYS_DOWN,
                               KEYS_PAGE_UP, KEYS_PAGE_DOWN,
                               KEYS_HOME,    KEYS_END,
                               KEYS_SIZE,    KEYS_NONE,
                               KEYS_F(1),    KEYS_F(2),
                               KEYS_F(9),    KEYS_F(9),
                               KEYS_F(10),   KEYS_F(12),
                               'd',          'r',
                               'n',          'n',
                               's',          'v',
                               ' ',          '?',
                               '\t',         0x442,
                               0x432,        0x10ffff,
                               0x1f600,      0x301,
                               'z',          '~'};
    enum { KEYS = sizeof keys / sizeof *keys, DIGITS = 24 };
    uint32_t pick = below(seed, KEYS + DIGITS);
    if (pick < KEYS)
        return keys[pick];
    return '0' + (int)(pick - KEYS) % 7; /* choices are small numbers */
}

/* What is under way, and where the positions stood when it began. */
struct account {
    bool open;
    uint64_t from;
    unsigned contacts;
};

/* A contact that ended has written 2 + L entries, one more if it was withdrawn. */
static void settle(struct kiosk *k, struct account *a, uint64_t before, bool withdrawing)
{
    if (k->st.desk.session == NULL)
        return; /* locked: a contact under way stays under way */
    bool open = iv_of(k) != NULL;
    if (open && !a->open)
        a->from = before;
    if (!open && a->open) {
        uint64_t owed = entry_per_contact(session_study(k->st.desk.session)) + withdrawing;
        assert_int_equal(tally_of(k).position - a->from, owed);
        a->contacts++;
    }
    a->open = open;
}

/* An interviewer who wants to get home does, from anywhere. */
static void way_out(struct kiosk *k, struct account *a)
{
    static const int keys[] = {KEYS_ESCAPE, KEYS_ESCAPE, KEYS_ENTER, KEYS_F(10), '2', '1'};
    for (int round = 0; !on(k, &screen_home); round++) {
        assert_in_range(round, 0, 3);
        for (size_t i = 0; i < sizeof keys / sizeof *keys && !on(k, &screen_home); i++) {
            uint64_t before = tally_of(k).position;
            bool resume = on(k, &screen_resume);
            press(k, resume ? '1' : keys[i]);
            settle(k, a, before, false);
        }
    }
}

static void ten_thousand_keys_crash_nothing_and_every_contact_writes_what_it_owes(void **state)
{
    struct kiosk *k = *state;
    struct account a = {0};
    uint32_t seed = 20220901;
    for (int n = 1; n <= PRESSES; n++) {
        uint64_t before = tally_of(k).position;
        text_use(k->st.desk.language); /* F2 at home changes it */
        bool withdrawing = shows(k, _("Withdraw? This cannot be undone."));
        if (below(&seed, ROOM_FOR_ONE) == 0)
            size(k, 18 + (int)below(&seed, 30), 70 + (int)below(&seed, 60));
        press(k, any_key(&seed));
        settle(k, &a, before, withdrawing);
        if (k->st.quit)
            restart(k, "en");
        if (below(&seed, 400) == 0)
            stage_lock(&k->st);
        if (k->st.desk.session == NULL) {
            size(k, 24, 80);
            unlock(k);
        }
        if (n % WAY_OUT_EVERY == 0) {
            size(k, 24, 80);
            way_out(k, &a);
        }
    }
    assert_in_range(a.contacts, 50, PRESSES);
    struct rows r = rows_of(&k->l);
    assert_int_equal(r.last, tally_of(k).position);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(ten_thousand_keys_crash_nothing_and_every_contact_writes_what_it_owes),
    };
    return cmocka_run_group_tests(tests, start_kiosk, end_kiosk);
}
