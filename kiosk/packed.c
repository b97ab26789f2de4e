#include "kiosk/packed.h"

#include "core/log.h"

static void complain(void *ctx, bool warning, unsigned line, const char *what)
{
    if (!warning)
        log_note("%s: line %u of the study: %s", (const char *)ctx, line, what);
}

enum err packed_judge(struct pack *p, const char *name, struct packed *out)
{
    struct packed is = {0};
    void *ctx = (void *)(uintptr_t)name;
    enum err e = study_parse(p->study, complain, ctx, &is.study);
    if (e == ERR_OK)
        e = study_kiosk_can(is.study, complain, ctx);
    if (e == ERR_OK)
        e = points_parse(p->points, is.study, complain, ctx, &is.points);
    if (e == ERR_OK && is.points->strata != p->strata)
        e = log_fail(ERR_FORMAT, "%s: the strata of the pack do not fit its point list", name);
    if (e != ERR_OK) {
        log_note("%s: this kiosk cannot use the pack; tell the researchers", name);
        packed_close(&is);
        return e;
    }
    is.pack = p;
    *out = is;
    return ERR_OK;
}

enum err packed_open(struct bytes b, const char *name, struct packed *out)
{
    struct pack *p = NULL;
    *out = (struct packed){0};
    enum err e = pack_parse(b, name, &p);
    if (e == ERR_OK)
        e = packed_judge(p, name, out);
    if (e != ERR_OK)
        pack_free(p);
    return e;
}

void packed_close(struct packed *p)
{
    points_free(p->points);
    study_free(p->study);
    pack_free(p->pack);
    *p = (struct packed){0};
}

struct edition packed_edition(const struct packed *p)
{
    return (struct edition){p->pack, p->study};
}
