#include "admin/simulate.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/truth.h"
#include "core/device.h"
#include "core/disposition.h"
#include "core/file.h"
#include "core/log.h"
#include "core/notice.h"
#include "core/segment.h"

enum { HEX_LEN = 2 * 32 + 1, MINUTES_A_DAY = 24 * 60, CONTACTS_MIN = 4, CONTACTS_MAX = 10 };
_Static_assert((2 + STUDY_MAX_LISTS) * CONTACTS_MAX + DEVICE_FILL <= SEGMENT_MAX_ENTRIES,
               "a session fits one segment");

struct simulation {
    const struct pack *pack;
    const struct studykey *key;
    const struct study *study;
    const struct respondent_model *model;
    const struct simulate_options *options;
    uint8_t researcher;    /* place of the key in the pack */
    struct secret *master; /* devices' secrets come from it */
    uint32_t morning;      /* nine o'clock of the first day, minutes since 1970 */
    struct truth *truth;
    uint32_t done; /* interviews */
    size_t entry_len;
    uint8_t *entry; /* room for one */
};

enum { KEY_SIGN, KEY_ROOTS, KEY_APPROVAL = 3, KEYS }; /* 32 bytes each; two are roots */

struct laptop {
    struct simulation *sim;
    struct secret *keys, *sign;
    struct device *device;
    struct respondent_source *people;
    char hex[HEX_LEN], code[ENTRY_CODE_LEN + 1];
    char *folder;
    uint32_t left; /* interviews still to be made */
    uint32_t day;  /* since the first */
    struct entry_clocks clocks;
    struct segment_run run; /* of the open session */
};

/* ---- sessions ---- */

static void add_entry(struct laptop *lap)
{
    segment_run_add(&lap->run, device_position(lap->device),
                    (struct bytes){lap->sim->entry, lap->sim->entry_len});
}

static void pass(struct laptop *lap, uint32_t minutes)
{
    lap->clocks.wall += minutes;
    lap->clocks.monotonic += minutes;
}

/* The machine was started a little before somebody unlocked it. */
static enum err begin_session(struct laptop *lap, uint32_t minute)
{
    for (size_t i = 0; i < sizeof lap->clocks.boot; i++)
        lap->clocks.boot[i] = (uint8_t)respondent_below(lap->people, 256);
    lap->clocks.monotonic = 1 + respondent_below(lap->people, 10);
    lap->clocks.wall = lap->sim->morning + lap->day * MINUTES_A_DAY + minute;
    struct buffer preamble = {0};
    uint64_t number = 0;
    enum err e = device_stream(lap->device, &number, &preamble);
    if (e == ERR_OK)
        e = segment_run_stream(&lap->run, buffer_view(&preamble));
    buffer_free(&preamble);
    return e;
}

static enum err write_segment(const struct laptop *lap, const char *file, struct bytes b)
{
    struct timespec constant[2] = {{SEGMENT_TIME, 0}, {SEGMENT_TIME, 0}};
    char *path = file_join(lap->folder, file);
    enum err e = path == NULL ? ERR_NOMEM : file_write(path, b, 0644, false);
    if (e == ERR_OK) /* as a laptop does: the time of writing is nobody's business */
        utimensat(AT_FDCWD, path, constant, AT_SYMLINK_NOFOLLOW);
    free(path);
    return e;
}

static enum err end_session(struct laptop *lap)
{
    struct buffer b = {0};
    char name[SEGMENT_NAME];
    while (device_fill(lap->device, &lap->clocks, lap->sim->entry))
        add_entry(lap);
    enum err e = segment_run_take(&lap->run, name, &b);
    if (e == ERR_OK)
        e = write_segment(lap, name, buffer_view(&b));
    buffer_free(&b);
    return e;
}

/* ---- contacts ---- */

static struct entry_field field_of(const struct laptop *lap, enum entry_kind kind, uint32_t contact)
{
    return (struct entry_field){.kind = kind, .contact = contact, .clocks = lap->clocks};
}

static void seal(struct laptop *lap, struct entry_field *f, const struct entry_answers *a)
{
    device_seal(lap->device, f, a, lap->sim->entry);
    add_entry(lap);
}

/* `assigned` with all draws, or `contact` where nobody was interviewed. */
static void seal_begin(struct laptop *lap, uint32_t contact, const struct respondent *r,
                       struct draw *draw)
{
    enum entry_kind kind = r->refuses ? ENTRY_CONTACT : ENTRY_ASSIGNED;
    const struct points *p = respondent_points(lap->sim->model);
    struct entry_field f = field_of(lap, kind, contact);
    struct entry_answers a = {.kind = kind};
    snprintf(f.u.contact.interviewer, sizeof f.u.contact.interviewer, "%s", lap->code);
    snprintf(f.u.contact.point, sizeof f.u.contact.point, "%s", points_value(p, r->point, "id"));
    f.u.contact.attempt = 1;
    f.u.contact.stratum = p->stratum_of[r->point];
    if (!r->refuses) {
        device_draw(lap->device, f.u.contact.stratum, r->asked, draw);
        a.u.draw = *draw;
    }
    seal(lap, &f, &a);
}

static void seal_count(struct laptop *lap, uint32_t contact, const struct respondent *r,
                       size_t list, int count)
{
    struct entry_field f = field_of(lap, ENTRY_COUNTED, contact);
    struct entry_answers a = {.kind = ENTRY_COUNTED};
    bool shown = count != ANSWER_NOT_ASKED && count != ANSWER_NOT_REACHED;
    a.u.counted.list = (uint8_t)list;
    a.u.counted.count = (int8_t)count;
    a.u.counted.seconds = shown ? r->seconds[list] : 0;
    a.u.counted.language = r->language;
    a.u.counted.mode = shown ? MODE_SCREEN_RESPONDENT : MODE_NONE;
    seal(lap, &f, &a);
}

static void seal_outcome(struct laptop *lap, uint32_t contact, const struct respondent *r,
                         uint16_t disposition)
{
    struct entry_field f = field_of(lap, ENTRY_OUTCOME, contact);
    struct entry_answers a = {.kind = ENTRY_OUTCOME};
    f.u.outcome.disposition = disposition;
    memcpy(a.u.answer, r->answer, lap->sim->study->questions * sizeof *a.u.answer);
    seal(lap, &f, &a);
}

static size_t list_at(const struct study *s, const struct draw *draw, uint8_t position)
{
    size_t l = 0;
    while (l < s->lists && (draw->arm[l] == ARM_NOT_ASKED || draw->position[l] != position))
        l++;
    return l;
}

/* The cards in the order drawn, until all are counted or the respondent stops; lists not asked come
 * first, as on a laptop. Returns the lists that have their entry. */
static uint32_t seal_counts(struct laptop *lap, uint32_t contact, const struct respondent *r,
                            const struct draw *draw)
{
    const struct study *s = lap->sim->study;
    uint32_t counted = 0;
    for (size_t l = 0; l < s->lists; l++)
        if (draw->arm[l] == ARM_NOT_ASKED) {
            seal_count(lap, contact, r, l, ANSWER_NOT_ASKED);
            counted |= UINT32_C(1) << l;
        }
    for (uint8_t at = 0; at < s->lists; at++) {
        size_t l = list_at(s, draw, at);
        if (l == s->lists)
            break;
        int count = respondent_count(lap->sim->model, r, l, draw->arm[l], at);
        if (count == ANSWER_NOT_REACHED)
            break;
        seal_count(lap, contact, r, l, count);
        counted |= UINT32_C(1) << l;
    }
    return counted;
}

static void seal_owed(struct laptop *lap, uint32_t contact, const struct respondent *r,
                      uint32_t counted, uint16_t disposition)
{
    for (;;) {
        struct device_debt debt = device_owes(lap->sim->study, true, counted);
        if (debt.kind != ENTRY_COUNTED)
            break;
        seal_count(lap, contact, r, debt.list, ANSWER_NOT_REACHED);
        counted |= UINT32_C(1) << debt.list;
    }
    seal_outcome(lap, contact, r, disposition);
}

static enum err meet(struct laptop *lap, const struct respondent *r)
{
    struct simulation *sim = lap->sim;
    struct draw draw = {{0}, {0}, {0}};
    uint32_t contact = device_contact(lap->device), counted = 0;
    uint32_t before = r->minutes / 2u, cards = r->minutes / 4u;
    uint16_t disposition = DISPOSITION_REFUSAL_PERSON;
    enum err e = ERR_OK;
    pass(lap, before);
    seal_begin(lap, contact, r, &draw);
    pass(lap, cards);
    if (!r->refuses) {
        counted = seal_counts(lap, contact, r, &draw);
        disposition = disposition_of(sim->study, counted, r->answer);
        uint16_t stratum = respondent_points(sim->model)->stratum_of[r->point];
        e = truth_add(sim->truth, lap->hex, contact, stratum, r);
        lap->left--;
        sim->done++;
    }
    pass(lap, r->minutes - before - cards);
    seal_owed(lap, contact, r, counted, disposition);
    secret_wipe(&draw, sizeof draw);
    return e;
}

static enum err day_of_work(struct laptop *lap)
{
    const struct simulate_options *o = lap->sim->options;
    uint32_t contacts =
        CONTACTS_MIN + respondent_below(lap->people, CONTACTS_MAX - CONTACTS_MIN + 1);
    lap->day += respondent_below(lap->people, 10) < 3 ? 2 : 1;
    enum err e = begin_session(lap, respondent_below(lap->people, 181));
    for (uint32_t i = 0; e == ERR_OK && i < contacts && lap->left > 0; i++) {
        struct respondent r;
        pass(lap, 5 + respondent_below(lap->people, 16));
        respondent_next(lap->people, &r);
        e = meet(lap, &r);
        secret_wipe(&r, sizeof r);
    }
    if (e == ERR_OK)
        e = end_session(lap);
    return e == ERR_OK && o->progress != NULL ? o->progress(o->ctx, lap->sim->done, o->interviews)
                                              : e;
}

/* ---- one laptop ---- */

/* From the secret key too: a seed is a small number and known to many, and whoever could make a
 * device's key from it could add interviews to it. */
static enum err derive(struct laptop *lap, uint32_t number)
{
    enum err e = secret_new(32 * (KEYS + 1), &lap->keys);
    if (e == ERR_OK)
        e = secret_new(64, &lap->sign);
    if (e != ERR_OK)
        return e;
    uint8_t *keys = secret_bytes(lap->keys), *sign = secret_bytes(lap->sign);
    for (uint32_t i = 0; i < KEYS; i++) {
        struct hash h;
        hash_start(&h, secret_view(lap->sim->master), "simulate");
        hash_add_u32(&h, number);
        hash_add_u32(&h, i);
        hash_end(&h, keys + 32 * i);
        secret_wipe(&h, sizeof h);
    }
    crypto_sign_seed_keypair(keys + 32 * KEYS, sign, keys + 32 * KEY_SIGN);
    segment_hex(keys + 32 * KEYS, 32, lap->hex);
    return ERR_OK;
}

static enum err approve(struct laptop *lap)
{
    const struct simulation *sim = lap->sim;
    struct notice n = {.kind = NOTICE_APPROVAL, .researcher = sim->researcher};
    struct buffer b = {0};
    uint8_t hash[HASH_LEN];
    char name[HEX_LEN + 16];
    snprintf(name, sizeof name, "down/%s.approval", lap->hex);
    char *path = file_join(sim->options->out, name);
    memcpy(n.pack, sim->pack->hash, sizeof n.pack);
    memcpy(n.device, device_key(lap->device), sizeof n.device);
    memcpy(n.value, secret_view(lap->keys) + 32 * KEY_APPROVAL, sizeof n.value);
    enum err e = path == NULL ? ERR_NOMEM : notice_make(&n, secret_view(sim->key->sign), &b);
    if (e == ERR_OK)
        e = file_write(path, buffer_view(&b), 0644, false);
    if (e == ERR_OK) {
        notice_hash(buffer_view(&b), hash);
        e = device_approve(lap->device, n.value, hash, &lap->clocks, sim->entry);
    }
    if (e == ERR_OK)
        add_entry(lap);
    buffer_free(&b);
    free(path);
    return e;
}

/* Root and approval, on the first morning; a device without interviewers has no slots whose cost
 * the root could tell. */
static enum err set_up(struct laptop *lap)
{
    device_set_simulated(lap->device);
    enum err e = begin_session(lap, respondent_below(lap->people, 60));
    struct entry_field f = field_of(lap, ENTRY_ROOT, 0);
    if (e == ERR_OK)
        e = device_root(lap->device, &f, secret_view(lap->keys) + 32 * KEY_ROOTS, lap->sim->entry);
    if (e != ERR_OK)
        return e;
    add_entry(lap);
    pass(lap, 10);
    e = approve(lap);
    device_golive(lap->device);
    return e == ERR_OK ? end_session(lap) : e;
}

static enum err make_folder(struct laptop *lap)
{
    char name[HEX_LEN + 8];
    snprintf(name, sizeof name, "up/%s", lap->hex);
    lap->folder = file_join(lap->sim->options->out, name);
    return lap->folder == NULL ? ERR_NOMEM : file_make_shared_dir(lap->folder);
}

static enum err run_laptop(struct simulation *sim, uint32_t number)
{
    const struct simulate_options *o = sim->options;
    struct laptop lap = {.sim = sim};
    lap.left = o->interviews / o->devices + (number < o->interviews % o->devices ? 1 : 0);
    snprintf(lap.code, sizeof lap.code, "sim%05u", (unsigned)(number % SIMULATE_MAX_DEVICES) + 1);
    enum err e = derive(&lap, number);
    if (e == ERR_OK)
        e = make_folder(&lap);
    if (e == ERR_OK)
        e = respondent_source_new(sim->model, o->seed, number, &lap.people);
    if (e == ERR_OK)
        e = device_create(sim->pack, sim->study, lap.sign, &lap.device);
    if (e == ERR_OK)
        e = set_up(&lap);
    while (e == ERR_OK && lap.left > 0)
        e = day_of_work(&lap);
    device_free(lap.device);
    respondent_source_free(lap.people);
    secret_free(lap.keys);
    secret_free(lap.sign);
    segment_run_free(&lap.run);
    free(lap.folder);
    return e;
}

/* ---- the whole ---- */

static enum err make_sub(const char *out, const char *name)
{
    char *path = file_join(out, name);
    enum err e = path == NULL ? ERR_NOMEM : file_make_shared_dir(path);
    free(path);
    return e;
}

static enum err make_target(const struct simulation *sim)
{
    const char *out = sim->options->out;
    char hex[HEX_LEN], name[HEX_LEN + 16];
    struct stat is;
    char *up = file_join(out, "up");
    enum err e = up == NULL ? ERR_NOMEM : ERR_OK;
    if (e == ERR_OK && lstat(up, &is) == 0)
        e = log_fail(
            ERR_STATE,
            "%s: results lie there already, perhaps of an earlier simulation; give another "
            "folder, or delete it",
            up);
    free(up);
    if (e == ERR_OK)
        e = make_sub(out, "packs");
    if (e == ERR_OK)
        e = make_sub(out, "down");
    if (e == ERR_OK)
        e = make_sub(out, "up");
    if (e != ERR_OK)
        return e;
    segment_hex(sim->pack->hash, HASH_LEN, hex);
    snprintf(name, sizeof name, "packs/%s.pack", hex);
    char *path = file_join(out, name);
    e = path == NULL ? ERR_NOMEM : file_write(path, buffer_view(&sim->pack->bytes), 0644, true);
    free(path);
    return e;
}

static enum err make_master(struct simulation *sim)
{
    struct hash h;
    enum err e = secret_new(HASH_LEN, &sim->master);
    if (e != ERR_OK)
        return e;
    hash_start(&h, secret_view(sim->key->sign), "simulate"); /* its first 32 bytes: the seed */
    hash_add(&h, sim->pack->hash, HASH_LEN);
    hash_add_u64(&h, sim->options->seed);
    hash_end(&h, secret_bytes(sim->master));
    secret_wipe(&h, sizeof h);
    return ERR_OK;
}

static uint32_t first_morning(const struct study *s)
{
    struct tm day = {.tm_year = 122, .tm_mon = 8, .tm_mday = 5, .tm_hour = 9, .tm_isdst = -1};
    setenv("TZ", s->timezone != NULL ? s->timezone : "UTC0", 1);
    tzset();
    return (uint32_t)(mktime(&day) / 60);
}

enum err simulate_run(const struct pack *pack, const struct studykey *key,
                      const struct respondent_model *m, const struct simulate_options *o)
{
    struct simulation sim = {.pack = pack, .key = key, .model = m, .options = o};
    sim.study = respondent_study(m);
    int place = key->role == STUDYKEY_RESEARCHER ? pack_researcher(pack, key->pub.sign) : -1;
    if (place < 0)
        return log_fail(ERR_KEY, "this key is not among the researchers of the pack; only they may "
                                 "approve devices, simulated ones too");
    sim.researcher = (uint8_t)place;
    sim.entry_len = device_entry_len(sim.study);
    sim.entry = malloc(sim.entry_len);
    sim.morning = first_morning(sim.study);
    enum err e = sim.entry == NULL ? ERR_NOMEM : make_target(&sim);
    if (e == ERR_OK)
        e = make_master(&sim);
    if (e == ERR_OK)
        e = truth_open(o->out, pack, m, &sim.truth);
    for (uint32_t d = 0; e == ERR_OK && d < o->devices; d++)
        e = run_laptop(&sim, d);
    if (e == ERR_OK)
        e = truth_finish(sim.truth);
    truth_free(sim.truth);
    secret_free(sim.master);
    free(sim.entry);
    return e;
}
