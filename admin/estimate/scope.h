/* What methods with closed forms begin with and go through: the list, the sampling design, and the
 * groups of --by one after another. */
#ifndef SANAQ_ADMIN_ESTIMATE_SCOPE_H
#define SANAQ_ADMIN_ESTIMATE_SCOPE_H

#include "admin/estimate/design.h"
#include "admin/estimate/estimate.h"

struct scope {
    const struct frame *f;
    const struct frame_list *list;
    const struct estimate_options *o;
    struct design *design; /* NULL: simple random sample */
    struct estimate_result *r;
    const uint8_t *used; /* rows that the groups' counts, means and shares are of; NULL: all with an
                            arm and a count */
};

/** The design that the options leave of the frame's (NULL in *out: none), said in ${r} with what is
 * to be warned of. ERR_STUDY (said) for weights that are not above 0; ERR_NOMEM. */
enum err scope_design(const struct frame *f, const struct estimate_options *o,
                      struct estimate_result *r, struct design **out);

/** estimate_start and scope_design. scope_close is due whatever this returns; it frees a result
 * that was not taken out. */
enum err scope_open(const struct frame *f, const struct estimate_options *o, const char *method,
                    struct scope *s);
void scope_close(struct scope *s);

struct scope_place {
    const int32_t *level; /* per row; NULL: all respondents */
    int32_t want;         /* the level of this group */
    size_t group;         /* index in s->r->group; named already, its numbers NAN */
};
typedef enum err scope_group(void *ctx, struct scope *s, const struct scope_place *at);

/** All respondents, then every level of every --by column, each with every sensitive item. Ends
 * with what ${visit} returns other than ERR_OK. ERR_USAGE (said) for more than ESTIMATE_MAX_LEVELS
 * groups of a column; ERR_NOMEM. */
enum err scope_each(struct scope *s, scope_group *visit, void *ctx);

/** Estimate, standard error and t interval; no interval where ${se} or ${df} is not above 0. */
void scope_fill(struct estimate_group *g, double estimate, double se, double df);

/** Warnings about groups: withheld, small, outside 0..1, without spread. ERR_NOMEM. */
enum err scope_warn_groups(struct estimate_result *r);

#endif
