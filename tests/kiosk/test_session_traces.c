/* What a laptop that is found can tell: sizes and numbers that do not depend on outcomes, and no
 * code, place, time or passphrase in clear. */
#include "laptop.h"

#include <dirent.h>
#include <time.h>

#include "core/segment.h"

enum { CONTACTS = 7, MAX_SEGMENTS = 16, HEADER_LEN = 100 /* of an SQLite file */ };

/* ---- days that differ in outcomes only ---- */

struct traces {
    off_t store, keys;
    struct rows rows;
    size_t segments;
    struct {
        uint64_t stream, first, last;
        off_t size;
    } segment[MAX_SEGMENTS];
    uint8_t header[HEADER_LEN]; /* SQLite counts there what was changed and what is free */
};

static unsigned arms_seen; /* how often a list showed its sensitive item today */

static void refuse(struct session *ss, uint32_t point)
{
    assert_int_equal(session_begin(ss, point, 0), ERR_OK);
    assert_int_equal(session_end(ss, DISPOSITION_REFUSAL_PERSON), ERR_OK);
}

static void break_off(struct session *ss, uint32_t point)
{
    assert_int_equal(session_begin(ss, point, 0), ERR_OK);
    go_to(ss, INTERVIEW_READY, 1);
    assert_int_equal(session_assign(ss), ERR_OK);
    assert_int_equal(session_end(ss, DISPOSITION_BREAK_OFF), ERR_OK);
}

/* As the screens do it: each answer is kept when it is given. */
static void answer_all(struct session *ss, uint32_t point, int count, uint32_t pick)
{
    assert_int_equal(session_begin(ss, point, 0), ERR_OK);
    for (uint8_t step = session_interview(ss)->step; step != INTERVIEW_READY;
         step = session_interview(ss)->step) {
        struct interview *iv = session_interview(ss);
        if (step == INTERVIEW_QUESTION)
            interview_answer(iv, session_study(ss), session_points(ss),
                             any_answer(&session_study(ss)->question[iv->at], pick));
        interview_next(iv, session_study(ss), session_points(ss));
        assert_int_equal(session_save(ss), ERR_OK);
    }
    assert_int_equal(session_assign(ss), ERR_OK);
    for (size_t l = 0; l < session_study(ss)->lists; l++)
        arms_seen += session_interview(ss)->draw.arm[l] == 1;
    interview_next(session_interview(ss), session_study(ss), session_points(ss));
    assert_int_equal(finish(ss, count, pick), ERR_OK);
}

static int by_stream(const void *a, const void *b)
{
    return memcmp(a, b,
                  sizeof(uint64_t)); /* which comes first does not matter, only that one does */
}

static void look_at_segments(const struct laptop *l, struct traces *t)
{
    char *up = file_join(l->stick, "up");
    char *const paths[] = {up, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    assert_non_null(tree);
    for (FTSENT *at; (at = fts_read(tree)) != NULL;) {
        struct segment_name n;
        if (at->fts_info != FTS_F)
            continue;
        assert_true(segment_get_name(at->fts_name, &n));
        assert_true(t->segments < MAX_SEGMENTS);
        t->segment[t->segments].stream = n.stream;
        t->segment[t->segments].first = n.first;
        t->segment[t->segments].last = n.last;
        t->segment[t->segments++].size = at->fts_statp->st_size;
        assert_int_equal(at->fts_statp->st_mtime, SEGMENT_TIME);
    }
    fts_close(tree);
    qsort(t->segment, t->segments, sizeof *t->segment, by_stream);
    free(up);
}

static void look_at(const struct laptop *l, struct traces *t)
{
    struct stat is;
    struct buffer b = {0};
    char *store = home_store(l->home), *keys = home_keys(l->home), wal[600];
    memset(t, 0, sizeof *t);
    t->rows = rows_of(l);
    assert_int_equal(stat(keys, &is), 0);
    t->keys = is.st_size;
    assert_int_equal(file_read(store, 1 << 28, true, &b), ERR_OK);
    t->store = (off_t)b.len;
    memcpy(t->header, b.p, HEADER_LEN);
    snprintf(wal, sizeof wal, "%s-wal", store);
    if (stat(wal, &is) == 0)
        assert_int_equal(is.st_size, 0); /* emptied at lock */
    look_at_segments(l, t);
    buffer_free(&b);
    free(store);
    free(keys);
}

/* Two interviewers share the laptop; nothing differs but what the day tells. */
struct day {
    const char
        *outcome;   /* one letter a contact; R refused, B broken off, 0..3 counts, d don't know */
    uint32_t point; /* 0, or the first of another stratum */
    bool second;    /* of the interviewers */
};

static const char second_code[] = "i2", second_words[] = "anchor basil cobalt";

/* ${treated}: how often a card had the sensitive item. */
static void live_a_day(struct world *w, const char *name, const struct day *day, struct traces *t,
                       unsigned *treated)
{
    struct laptop l;
    char sentence[1024];
    struct secret *second = secret_of(second_words);
    laptop_new(w, name, &l);
    struct session *ss = laptop_unlock(&l);
    assert_int_equal(session_add(ss, second_code, second), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    assert_int_equal(laptop_try(&l, day->second ? second_code : laptop_code,
                                day->second ? second_words : laptop_passphrase, &ss),
                     ERR_OK);
    for (const char *o = day->outcome; *o != '\0'; o++)
        if (*o == 'R')
            refuse(ss, day->point);
        else if (*o == 'B')
            break_off(ss, day->point);
        else
            answer_all(ss, day->point, *o == 'd' ? ANSWER_DONT_KNOW : *o - '0', (uint32_t)*o);
    *treated = arms_seen;
    arms_seen = 0;
    assert_int_equal(session_sync(ss, l.target, sentence, sizeof sentence), ERR_OK);
    assert_int_equal(session_lock(ss), ERR_OK);
    look_at(&l, t);
    secret_free(second);
    laptop_free(&l);
}

static void days_that_differ_in_what_they_tell_leave_the_same_traces(void **state)
{
    static const struct day day[] = {
        {"RRRRRRR", 0, false}, {"3132021", 0, false}, {"BRdB0R3", 1, false}, {"0000000", 1, true}};
    const struct points *p = ((struct world *)*state)->points;
    struct traces first, other;
    unsigned treated[sizeof day / sizeof *day];
    bool strata = false, arms = false;
    live_a_day(*state, "day-0", &day[0], &first, &treated[0]);
    assert_true(first.rows.last > CONTACTS * 3);
    assert_int_equal(first.rows.last % 16, 0);
    for (size_t i = 1; i < sizeof day / sizeof *day; i++) {
        char name[16];
        snprintf(name, sizeof name, "day-%zu", i);
        struct day here = day[i];
        while (here.point > 0 && here.point + 1 < p->count &&
               p->stratum_of[here.point] == p->stratum_of[0])
            here.point++;
        live_a_day(*state, name, &here, &other, &treated[i]);
        strata = strata || p->stratum_of[here.point] != p->stratum_of[0];
        arms = arms || treated[i] != treated[0];
        assert_int_equal(other.store, first.store);
        assert_memory_equal(&other.rows, &first.rows, sizeof other.rows);
        assert_int_equal(other.segments, first.segments);
        assert_memory_equal(other.segment, first.segment, sizeof other.segment);
        assert_int_equal(other.keys, first.keys);
        assert_memory_equal(other.header, first.header, HEADER_LEN); /* pages, free ones, changes */
    }
    assert_true(strata && arms);
}

/* ---- what stands there in clear ---- */

static size_t times_in(struct bytes b, const void *wanted, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i + len <= b.len; i++)
        n += memcmp(b.p + i, wanted, len) == 0;
    return n;
}

/* In store.db, its log and the keys file. */
static size_t times_at_home(const struct laptop *l, const void *wanted, size_t len)
{
    static const char *const name[] = {"store.db", "store.db-wal", "keys"};
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        struct buffer b = {0};
        char *path = file_join(l->home, name[i]);
        if (access(path, F_OK) == 0) {
            assert_int_equal(file_read(path, 1 << 28, true, &b), ERR_OK);
            n += times_in(buffer_view(&b), wanted, len);
        }
        buffer_free(&b);
        free(path);
    }
    return n;
}

static size_t text_at_home(const struct laptop *l, const char *text)
{
    return times_at_home(l, text, strlen(text));
}

static void nothing_about_a_contact_stands_there(const struct laptop *l, const char *point,
                                                 size_t in_pack)
{
    static const uint8_t no_boot[16];
    struct entry_clocks clocks;
    uint8_t minutes[8];
    char local[32];
    time_t now = time(NULL);
    struct tm tm;
    assert_int_equal(text_at_home(l, laptop_code), 0);
    assert_int_equal(text_at_home(l, laptop_passphrase), 0);
    assert_int_equal(text_at_home(l, point), in_pack);
    assert_non_null(localtime_r(&now, &tm));
    strftime(local, sizeof local, "%H:%M", &tm);
    assert_int_equal(text_at_home(l, local), 0);
    strftime(local, sizeof local, "%Y-%m-%d", &tm);
    assert_int_equal(text_at_home(l, local), 0);
    home_clocks(&clocks);
    struct writer w = writer_of(minutes, sizeof minutes);
    write_u32(&w, clocks.wall);
    write_u32(&w, clocks.monotonic);
    assert_int_equal(times_at_home(l, minutes, sizeof minutes), 0);
    if (memcmp(clocks.boot, no_boot, sizeof no_boot) != 0)
        assert_int_equal(times_at_home(l, clocks.boot, sizeof clocks.boot), 0);
}

static void nobody_and_no_time_stands_in_the_home_in_clear(void **state)
{
    struct world *w = *state;
    struct laptop l;
    const char *point = points_value(w->points, 3, "id");
    size_t in_pack = times_in(w->pack->points, point, strlen(point));
    laptop_new(w, "clear", &l);
    assert_int_equal(text_at_home(&l, point), in_pack); /* the search finds what is there */
    struct session *ss = laptop_unlock(&l);
    nothing_about_a_contact_stands_there(&l, point, in_pack);
    assert_int_equal(session_begin(ss, 3, 0), ERR_OK);
    go_to(ss, INTERVIEW_READY, 1);
    assert_int_equal(session_save(ss), ERR_OK);
    nothing_about_a_contact_stands_there(&l, point, in_pack);
    assert_int_equal(session_assign(ss), ERR_OK);
    nothing_about_a_contact_stands_there(&l, point, in_pack);
    assert_int_equal(finish(ss, 2, 1), ERR_OK);
    nothing_about_a_contact_stands_there(&l, point, in_pack);
    assert_int_equal(session_lock(ss), ERR_OK);
    nothing_about_a_contact_stands_there(&l, point, in_pack);
    laptop_free(&l);
}

/* The same draft, once among others and once alone, cannot be told apart: it is of one length. */
static void the_state_has_one_length(void **state)
{
    struct laptop l;
    struct store *st = NULL;
    uint64_t epoch = 0;
    size_t len = 0;
    laptop_new(*state, "state", &l);
    char *path = home_store(l.home);
    for (int i = 0; i < 4; i++) {
        struct buffer b = {0};
        struct session *ss = laptop_unlock(&l);
        if (i == 1)
            assert_int_equal(session_begin(ss, 0, 0), ERR_OK);
        if (i == 2) {
            go_to(ss, INTERVIEW_READY, 1);
            assert_int_equal(session_assign(ss), ERR_OK);
        }
        if (i == 3)
            assert_int_equal(finish(ss, 1, 1), ERR_OK);
        session_drop(ss);
        assert_int_equal(store_open(path, true, &st), ERR_OK);
        assert_int_equal(store_state(st, &epoch, &b), ERR_OK);
        assert_true(len == 0 || len == b.len);
        len = b.len;
        store_close(st);
        buffer_free(&b);
    }
    free(path);
    laptop_free(&l);
}

#define CSTO(test)    WITH(start_csto, test)
#define SEVERAL(test) WITH(start_several, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSTO(days_that_differ_in_what_they_tell_leave_the_same_traces),
        SEVERAL(days_that_differ_in_what_they_tell_leave_the_same_traces),
        CSTO(nobody_and_no_time_stands_in_the_home_in_clear),
        SEVERAL(the_state_has_one_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
