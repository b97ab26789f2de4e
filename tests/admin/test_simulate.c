#include "tests/admin/simulated.h"

#include <dirent.h>

#include "admin/pull.h"
#include "admin/simulate.h"
#include "admin/unseal.h"
#include "admin/verify.h"
#include "core/device.h"
#include "core/disposition.h"
#include "core/segment.h"

enum { INTERVIEWS = 400, DEVICES = 4, MAX_CONTACTS = 600, MAX_SESSIONS = 400 };

struct contact {
    char device[65];
    uint32_t number;
    uint16_t stratum, disposition;
    unsigned entries;
    bool assigned;
    struct draw draw;
    int counted[STUDY_MAX_LISTS]; /* entries of each list */
    int count[STUDY_MAX_LISTS];
    uint32_t point;
    int32_t answer[STUDY_MAX_QUESTIONS];
};

struct session {
    uint64_t first, last;
    unsigned contacts;
};

/* What a simulation left, read back with the second researcher's key. */
static struct found {
    struct contact contact[MAX_CONTACTS];
    size_t contacts;
    struct session session[MAX_SESSIONS];
    size_t sessions;
} found;

static enum err simulate(const struct world *w, const char *name, size_t key, uint64_t seed)
{
    char *out = path_in(w, name);
    struct simulate_options o = {
        .interviews = INTERVIEWS, .devices = DEVICES, .seed = seed, .out = out};
    enum err e = simulate_run(w->pack, w->key[key], w->model, &o);
    free(out);
    return e;
}

/* ---- reading back ---- */

static struct contact *contact_of(const char *device, uint32_t number)
{
    for (size_t i = found.contacts; i-- > 0;)
        if (found.contact[i].number == number && strcmp(found.contact[i].device, device) == 0)
            return &found.contact[i];
    return NULL;
}

static void take_entry(struct world *w, struct session *session, const char *device,
                       const struct entry_field *f, const struct entry_answers *a)
{
    assert_int_equal(f->flags, f->kind == ENTRY_ROOT || f->kind == ENTRY_APPROVED
                                   ? ENTRY_TEST | ENTRY_SIMULATED
                                   : ENTRY_SIMULATED);
    if (f->contact == 0)
        return;
    struct contact *c = contact_of(device, f->contact);
    if (f->kind == ENTRY_ASSIGNED || f->kind == ENTRY_CONTACT) {
        assert_null(c);
        assert_true(found.contacts < MAX_CONTACTS);
        c = &found.contact[found.contacts++];
        strcpy(c->device, device);
        c->number = f->contact;
        c->stratum = f->u.contact.stratum;
        c->assigned = f->kind == ENTRY_ASSIGNED;
        c->point = (uint32_t)points_find(w->points, f->u.contact.point);
        c->draw = a->u.draw;
        session->contacts++;
    }
    assert_non_null(c);
    assert_int_equal(c->disposition, 0); /* the outcome comes last */
    c->entries++;
    if (f->kind == ENTRY_COUNTED) {
        c->counted[a->u.counted.list]++;
        c->count[a->u.counted.list] = a->u.counted.count;
    } else if (f->kind == ENTRY_OUTCOME) {
        c->disposition = f->u.outcome.disposition;
        memcpy(c->answer, a->u.answer, sizeof c->answer);
    }
}

static void read_segment(struct world *w, const char *path, const char *name, const char *device)
{
    struct buffer b = {0};
    struct segment s;
    struct segment_name named;
    struct unseal *u = NULL;
    struct stat st;
    static uint8_t head[SEGMENT_MAX_ENTRIES][HASH_LEN];
    uint8_t field[ENTRY_FIELD_LEN], answers[4096];
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mtime, SEGMENT_TIME);
    assert_int_equal(file_read(path, SEGMENT_MAX_BYTES, true, &b), ERR_OK);
    assert_int_equal(intake_read(buffer_view(&b), &s), ERR_OK);
    assert_false(s.truncated);
    assert_true(segment_get_name(name, &named));
    assert_int_equal(s.entry_len, device_entry_len(w->study));
    assert_int_equal(b.len, segment_len(stream_preamble_len(w->pack), s.entry_len, s.count));
    assert_int_equal(named.last - named.first + 1, s.count);
    assert_int_equal(intake_check_preamble(&s.pre, w->pack), ERR_OK);
    assert_int_equal(intake_check_entries(&s, head), s.count);
    assert_int_equal(unseal_begin(&s.pre, w->pack, w->key[1], &u), ERR_OK);
    assert_true(found.sessions < MAX_SESSIONS);
    struct session *session = &found.session[found.sessions++];
    *session = (struct session){named.first, named.last, 0};
    for (uint32_t i = 0; i < s.count; i++) {
        struct entry_field f;
        struct entry_answers a;
        struct bytes plain = {answers, entry_answers_len(w->study)};
        assert_int_equal(unseal_entry(u, s.first + i, intake_entry(&s, i), field, answers), ERR_OK);
        assert_int_equal(entry_get_field(field, &f), ERR_OK);
        assert_int_equal(entry_get_answers(w->study, f.kind, plain, &a), ERR_OK);
        take_entry(w, session, device, &f, &a);
    }
    unseal_free(u);
    buffer_free(&b);
}

static int visible(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static void read_back(struct world *w, const char *name)
{
    struct dirent **device = NULL, **file = NULL;
    char up[256], dir[512], path[1024];
    memset(&found, 0, sizeof found);
    snprintf(up, sizeof up, "%s/%s/up", w->dir, name);
    int devices = scandir(up, &device, visible, alphasort);
    assert_int_equal(devices, DEVICES);
    for (int d = 0; d < devices; d++) {
        snprintf(dir, sizeof dir, "%s/%.64s", up, device[d]->d_name);
        int files = scandir(dir, &file, visible, alphasort); /* names sort by position */
        assert_true(files > 1);
        for (int i = 0; i < files; i++) {
            snprintf(path, sizeof path, "%s/%.80s", dir, file[i]->d_name);
            read_segment(w, path, file[i]->d_name, device[d]->d_name);
            free(file[i]);
        }
        free(file);
        free(device[d]);
    }
    free(device);
}

static void read_truth(const struct world *w, const char *name, struct buffer *out)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s/truth.csv", w->dir, name);
    assert_int_equal(file_read(path, 16 << 20, true, out), ERR_OK);
    buffer_u8(out, 0);
    assert_false(out->failed);
}

/* The value of an item that truth.csv gives for a contact; -1 if it has no such row. */
static int truth_of(const struct world *w, const char *text, const struct contact *c, size_t list,
                    const char *item)
{
    char row[512], name[256], end_of[128];
    const char *quote = strchr((const char *)w->points->stratum[c->stratum - 1u], ',') ? "\"" : "";
    snprintf(name, sizeof name, "%s%s%s", w->study->lists > 1 ? w->study->list[list].id : "",
             w->study->lists > 1 ? ":" : "", item);
    snprintf(end_of, sizeof end_of, "%s%.90s%s", quote, w->points->stratum[c->stratum - 1u], quote);
    snprintf(row, sizeof row, "\n%s,%u,%s,%s,", c->device, (unsigned)c->number, end_of, name);
    const char *at = strstr(text, row);
    if (at == NULL)
        return -1;
    at += strlen(row);
    assert_true((*at == '0' || *at == '1') && at[1] == '\n');
    return *at - '0';
}

static int expected_count(const struct world *w, const char *text, const struct contact *c,
                          size_t l)
{
    int sum = 0;
    for (size_t i = 0; i < study_shown(&w->study->list[l], c->draw.arm[l]); i++) {
        const struct study_item *it = study_shown_item(&w->study->list[l], c->draw.arm[l], i);
        int v = truth_of(w, text, c, l, it->id);
        assert_true(v >= 0);
        sum += v;
    }
    return sum;
}

static const char *no_column(void *ctx, const char *name)
{
    (void)ctx, (void)name;
    return NULL;
}

/* What holds of every simulation, whatever its study. */
static void check_contact(const struct world *w, const char *text, const struct contact *c)
{
    bool stopped = false;
    assert_int_equal(c->entries, 2 + w->study->lists);
    assert_int_equal(c->stratum, w->points->stratum_of[c->point]);
    for (size_t l = 0; l < w->study->lists; l++) {
        const struct study_list *list = &w->study->list[l];
        bool asked =
            c->assigned && study_when_holds(w->study, &list->when, c->answer, no_column, NULL);
        assert_int_equal(c->counted[l], 1);
        if (!c->assigned) {
            assert_int_equal(c->count[l], ANSWER_NOT_REACHED);
            continue;
        }
        assert_int_equal(c->draw.arm[l] != ARM_NOT_ASKED, asked);
        for (size_t i = 0; i < list->items; i++)
            assert_int_equal(truth_of(w, text, c, l, list->item[i].id) >= 0, asked);
        for (size_t i = 0; i < list->sensitives; i++)
            assert_int_equal(truth_of(w, text, c, l, list->sensitive[i].id) >= 0, asked);
        if (!asked)
            assert_int_equal(c->count[l], ANSWER_NOT_ASKED);
        else if (c->count[l] >= 0)
            assert_int_equal(c->count[l], expected_count(w, text, c, l));
        else
            assert_in_range(-c->count[l], 1, 4);
        stopped = stopped || c->count[l] == ANSWER_NOT_REACHED;
    }
    uint16_t ended = c->disposition;
    if (!c->assigned)
        assert_int_equal(ended, DISPOSITION_REFUSAL_PERSON);
    else if (stopped && w->study->lists == 1)
        assert_int_equal(ended, DISPOSITION_BREAK_OFF);
    else if (!stopped)
        assert_true(ended == DISPOSITION_COMPLETE || ended == DISPOSITION_PARTIAL);
}

static void check_all(struct world *w)
{
    struct buffer truth = {0};
    size_t assigned = 0;
    read_back(w, "one");
    read_truth(w, "one", &truth);
    for (size_t i = 0; i < found.contacts; i++) {
        check_contact(w, (const char *)truth.p, &found.contact[i]);
        assigned += found.contact[i].assigned;
    }
    assert_int_equal(assigned, INTERVIEWS);
    buffer_free(&truth);
}

/* ---- tests ---- */

static void simulate_gives_counts_that_are_the_truth_under_the_drawn_arm(void **state)
{
    struct world *w = *state;
    size_t arm[2] = {0}, missing[5] = {0}, refusals = 0;
    assert_int_equal(simulate(w, "one", 0, 1), ERR_OK);
    check_all(w);
    for (size_t i = 0; i < found.contacts; i++) {
        const struct contact *c = &found.contact[i];
        refusals += !c->assigned;
        arm[1] += c->assigned && c->draw.arm[0] == 1;
        arm[0] += c->assigned && c->draw.arm[0] == 0;
        if (c->assigned && c->count[0] < 0)
            missing[-c->count[0]]++;
    }
    /* bounds that a right one misses once in a million seeds */
    assert_in_range(refusals, 8, 75);
    assert_in_range(arm[1], 150, 250);
    assert_in_range(arm[0], 150, 250);
    assert_in_range(missing[-ANSWER_NOT_REACHED], 0, 21);
    assert_in_range(missing[1] + missing[2] + missing[4], 1, 35);
}

static void simulate_draws_doubles_filters_and_several_arms(void **state)
{
    struct world *w = *state;
    struct buffer truth = {0};
    size_t asked = 0, in_first = 0, later = 0, arm[3] = {0};
    assert_int_equal(simulate(w, "one", 1, 5), ERR_OK);
    check_all(w);
    read_truth(w, "one", &truth);
    for (size_t i = 0; i < found.contacts; i++) {
        const struct contact *c = &found.contact[i];
        const char *text = (const char *)truth.p;
        if (!c->assigned)
            continue;
        assert_int_equal(c->draw.arm[0] + c->draw.arm[1], 1);
        assert_int_equal(truth_of(w, text, c, 0, "hidden"), truth_of(w, text, c, 1, "hidden"));
        in_first += c->draw.arm[0];
        later += c->draw.position[0] > c->draw.position[1];
        if (c->draw.arm[2] == ARM_NOT_ASKED)
            continue;
        asked++;
        arm[c->draw.arm[2]]++;
        assert_int_equal(truth_of(w, text, c, 2, "flying"), 0); /* known: 0.0 */
    }
    assert_in_range(in_first, 150, 250);
    assert_in_range(later, 150, 250);
    assert_in_range(asked, 150, 250);
    for (size_t k = 0; k < 3; k++)
        assert_in_range(arm[k], asked / 5, asked / 2);
    buffer_free(&truth);
}

static void simulate_ends_every_session_on_a_multiple_of_16(void **state)
{
    struct world *w = *state;
    assert_int_equal(simulate(w, "one", 0, 2), ERR_OK);
    read_back(w, "one");
    for (size_t i = 0; i < found.sessions; i++) {
        const struct session *s = &found.session[i];
        bool last = i + 1 == found.sessions || found.session[i + 1].first == 1;
        assert_int_equal(s->last % DEVICE_FILL, 0);
        if (s->first == 1) {
            assert_int_equal(s->contacts, 0);
            continue;
        }
        assert_int_equal(s->first, found.session[i - 1].last + 1);
        assert_in_range(s->contacts, last ? 1 : 4, 10);
        assert_true(s->last - s->first + 1 - s->contacts * entry_per_contact(w->study) <
                    DEVICE_FILL);
    }
}

static void simulate_spreads_interviews_evenly(void **state)
{
    struct world *w = *state;
    assert_int_equal(simulate(w, "one", 0, 3), ERR_OK);
    read_back(w, "one");
    for (size_t i = 0, n = 0; i < found.contacts; i++) {
        n += found.contact[i].assigned;
        if (i + 1 == found.contacts ||
            strcmp(found.contact[i].device, found.contact[i + 1].device) != 0) {
            assert_int_equal(n, INTERVIEWS / DEVICES);
            n = 0;
        }
    }
}

static void simulate_gives_the_same_truth_and_draws_for_a_seed_and_a_key(void **state)
{
    struct world *w = *state;
    struct buffer one = {0}, two = {0}, other = {0};
    struct contact *before = calloc(MAX_CONTACTS, sizeof *before);
    assert_non_null(before);
    assert_int_equal(simulate(w, "one", 0, 1), ERR_OK);
    read_back(w, "one");
    memcpy(before, found.contact, sizeof found.contact);
    assert_int_equal(simulate(w, "two", 0, 1), ERR_OK);
    read_back(w, "two");
    assert_memory_equal(before, found.contact, sizeof found.contact);
    assert_int_equal(simulate(w, "other", 0, 2), ERR_OK);
    read_truth(w, "one", &one);
    read_truth(w, "two", &two);
    read_truth(w, "other", &other);
    assert_string_equal((const char *)one.p, (const char *)two.p);
    assert_string_not_equal((const char *)one.p, (const char *)other.p);
    free(before);
    buffer_free(&one);
    buffer_free(&two);
    buffer_free(&other);
}

static void simulate_makes_other_devices_with_another_key(void **state)
{
    struct world *w = *state;
    char first[65];
    assert_int_equal(simulate(w, "one", 0, 1), ERR_OK);
    read_back(w, "one");
    strcpy(first, found.contact[0].device);
    assert_int_equal(simulate(w, "two", 1, 1), ERR_OK);
    read_back(w, "two");
    for (size_t i = 0; i < found.contacts; i++)
        assert_string_not_equal(found.contact[i].device, first);
}

static enum err nothing(void *ctx, const struct verify_report *r, size_t device, uint64_t n,
                        const struct entry_field *field, const struct entry_answers *answers)
{
    (void)ctx, (void)r, (void)device, (void)n, (void)field, (void)answers;
    return ERR_OK;
}

static void simulate_leaves_what_verify_finds_clean(void **state)
{
    struct world *w = *state;
    struct archive *a = NULL;
    struct verify_report *r = NULL;
    struct pull_counts n = {0};
    char *archive = path_in(w, "archive.db"), *target = path_in(w, "one");
    assert_int_equal(simulate(w, "one", 0, 1), ERR_OK);
    assert_int_equal(archive_open(archive, true, &a), ERR_OK);
    assert_int_equal(pull_source(target, NULL, a, &n), ERR_OK);
    assert_int_equal(n.refused, 0);
    assert_int_equal(n.approvals, DEVICES);
    assert_int_equal(verify_archive(a, w->key[1], nothing, NULL, &r), ERR_OK);
    assert_int_equal(verify_err(r), ERR_OK);
    assert_int_equal(r->replayed, INTERVIEWS);
    assert_int_equal(r->mismatched, 0);
    assert_int_equal(r->before_approval, 0);
    for (size_t d = 0; d < r->devices; d++)
        assert_true(r->device[d].approved);
    verify_free(r);
    archive_close(a);
    free(archive);
    free(target);
}

static void simulate_refuses_a_folder_that_holds_results(void **state)
{
    struct world *w = *state;
    assert_int_equal(simulate(w, "one", 0, 1), ERR_OK);
    assert_int_equal(simulate(w, "one", 0, 2), ERR_STATE);
    assert_non_null(strstr(said, "/one/up"));
}

static void simulate_refuses_a_key_that_is_not_in_the_pack(void **state)
{
    struct world *w = *state;
    struct stat st;
    char *out = path_in(w, "one");
    assert_int_equal(simulate(w, "one", 2, 1), ERR_KEY);
    assert_non_null(strstr(said, "researchers of the pack"));
    assert_int_equal(stat(out, &st), -1);
    free(out);
}

static enum err stop_soon(void *ctx, uint32_t done, uint32_t of)
{
    (void)ctx;
    assert_int_equal(of, INTERVIEWS);
    return done > 50 ? ERR_INTERRUPTED : ERR_OK;
}

static void simulate_leaves_no_truth_where_it_is_stopped(void **state)
{
    struct world *w = *state;
    char *out = path_in(w, "one");
    struct dirent **file = NULL;
    struct simulate_options o = {
        .interviews = INTERVIEWS, .devices = DEVICES, .seed = 1, .out = out};
    o.progress = stop_soon;
    assert_int_equal(simulate_run(w->pack, w->key[0], w->model, &o), ERR_INTERRUPTED);
    int n = scandir(out, &file, NULL, alphasort);
    assert_int_equal(n, 5); /* ".", "..", down, packs, up */
    for (int i = 0; i < n; i++)
        free(file[i]);
    free(file);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(start_csto, simulate_gives_counts_that_are_the_truth_under_the_drawn_arm),
        WITH(start_several, simulate_draws_doubles_filters_and_several_arms),
        WITH(start_csto, simulate_ends_every_session_on_a_multiple_of_16),
        WITH(start_csto, simulate_spreads_interviews_evenly),
        WITH(start_csto, simulate_gives_the_same_truth_and_draws_for_a_seed_and_a_key),
        WITH(start_csto, simulate_makes_other_devices_with_another_key),
        WITH(start_csto, simulate_leaves_what_verify_finds_clean),
        WITH(start_several, simulate_leaves_what_verify_finds_clean),
        WITH(start_csto, simulate_refuses_a_folder_that_holds_results),
        WITH(start_csto, simulate_refuses_a_key_that_is_not_in_the_pack),
        WITH(start_csto, simulate_leaves_no_truth_where_it_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
