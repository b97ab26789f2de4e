#include "admin/verify_replay.h"

#include <string.h>

enum err verify_replay_start(struct verify_replay *p, const struct verify_pack *pack,
                             const uint8_t root[32])
{
    verify_replay_stop(p);
    p->approved = false;
    return assign_new(pack->study, pack->pack->strata, root, &p->assign);
}

void verify_replay_stop(struct verify_replay *p)
{
    assign_free(p->assign);
    p->assign = NULL;
}

struct find_approval {
    const uint8_t *hash, *device;
    const struct pack *pack;
    bool found;
    struct notice notice;
};

static enum err match_approval(void *ctx, const char *name, struct bytes file)
{
    struct find_approval *fa = ctx;
    uint8_t hash[HASH_LEN];
    (void)name;
    notice_hash(file, hash);
    if (!fa->found && memcmp(hash, fa->hash, HASH_LEN) == 0)
        fa->found = notice_parse(file, fa->pack, &fa->notice) == ERR_OK &&
                    fa->notice.kind == NOTICE_APPROVAL &&
                    memcmp(fa->notice.device, fa->device, 32) == 0;
    return ERR_OK;
}

static enum err replay_approved(struct verify_replay *p, const struct verify_pack *pack,
                                const struct entry_field *f, bool *fits)
{
    const uint8_t *id = p->run->report->device[p->device].id;
    struct find_approval fa = {.hash = f->u.event.hash, .device = id, .pack = pack->pack};
    enum err e = archive_each_notice(p->run->archive, NOTICE_APPROVAL, id, match_approval, &fa);
    if (e != ERR_OK)
        return e;
    *fits = fa.found && !p->approved; /* nobody of the pack gave it, or it is a second one */
    p->approved = p->approved || *fits;
    if (*fits)
        assign_approve(p->assign, fa.notice.value);
    else
        verify_replay_stop(p);
    return ERR_OK;
}

static bool same_draw(const struct draw *x, const struct draw *y, size_t lists)
{
    for (size_t l = 0; l < lists; l++)
        if (x->arm[l] != y->arm[l] || x->position[l] != y->position[l] ||
            x->order[l] != y->order[l])
            return false;
    return true;
}

/* The stratum is the sampling point's: nobody picks the one with the arm they want. */
static bool stratum_fits(const struct verify_pack *pack, const struct entry_field *f)
{
    int point = points_find(pack->points, f->u.contact.point);
    return f->u.contact.stratum == (point < 0 ? 0 : pack->points->stratum_of[point]);
}

static void replay_assigned(struct verify_replay *p, const struct verify_pack *pack,
                            const struct entry_field *f, const struct entry_answers *a, bool *fits)
{
    struct draw draw;
    uint32_t asked = 0;
    size_t lists = pack->study->lists;
    struct verify_report *r = p->run->report;
    for (size_t l = 0; l < lists; l++)
        if (a->u.draw.arm[l] != ARM_NOT_ASKED)
            asked |= UINT32_C(1) << l;
    assign_draw(p->assign, (f->flags & ENTRY_TEST) != 0, f->u.contact.stratum, asked, &draw);
    *fits = same_draw(&draw, &a->u.draw, lists) && stratum_fits(pack, f);
    r->replayed++;
    r->before_approval += !p->approved;
    r->mismatched += !*fits;
    secret_wipe(&draw, sizeof draw);
}

enum err verify_replay_entry(struct verify_replay *p, const struct verify_pack *pack,
                             const struct entry_field *f, const struct entry_answers *a, bool *fits)
{
    *fits = true;
    if (p->assign == NULL)
        return ERR_OK;
    if (f->kind == ENTRY_APPROVED)
        return replay_approved(p, pack, f, fits);
    if (f->kind == ENTRY_ASSIGNED)
        replay_assigned(p, pack, f, a, fits);
    return ERR_OK;
}
