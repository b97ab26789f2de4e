/* Tests of what the estimators assume, gathered in one result: named tests, numbers, and a sentence
 * for each finding (in r->assumption: what was found; in r->warning: what speaks against the data).
 *
 * design effect            design_effect.h, with the smallest shares it finds with 80%
 * missing counts, break-off by arm                           dim.h
 * order of items           counts by the item that stood first, within arms (archives)
 * order of lists, language differences in means, and control means, by the position of the list
 *                          among those asked and by the language of its card: Wald, or F by points
 *                          (archives)
 * known prevalence         placebo lists: difference in means less what is known, by group
 * placebo item             a necessarily false item on some of the control cards (mixed control):
 *                          difference in means between those who saw it and the others, by group,
 *                          is artificial inflation (> 0) or deflation (Riambau and Ostwald 2021;
 *                          Agerberg and Tannenberg 2021)
 * Hausman                  nls against ml, V_nls - V_ml positive definite or refused (Hausman 1978)
 * balance                  Mahalanobis distance of the arms' covariates, arms permuted 2,000 times
 *                          within strata (Hansen and Bowers 2008)
 * placebo tests            of the direct question: combined.h
 * floor and ceiling        shares at the ends, and whom the direction of `hide` exposes there
 * variance of counts       against the range possible for their mean
 * convergence              that ml has a finite maximum */
#ifndef SANAQ_ADMIN_ESTIMATE_CHECKS_H
#define SANAQ_ADMIN_ESTIMATE_CHECKS_H

#include "admin/estimate/estimate.h"

/** All checks that the data and ${o} (covariates, direct, by, seed) allow. ERR_USAGE, ERR_STUDY
 * (said), ERR_NOMEM. */
enum err checks_run(const struct frame *f, const struct estimate_options *o,
                    struct estimate_result **out);

/** The checks that run other estimators: part of checks_run, in a file of their own. ERR_NOMEM. */
enum err checks_of_models(const struct frame *f, const struct estimate_options *o,
                          struct estimate_result *r);
/** By position and language, under the design ${d} (NULL: simple random sample): groups with
 * ESTIMATE_WITHHOLD counts in every arm are compared. ERR_NOMEM. */
struct design;
enum err checks_of_place(const struct frame *f, const struct estimate_options *o,
                         const struct design *d, struct estimate_result *r);
enum err checks_of_balance(const struct frame *f, const struct estimate_options *o,
                           struct estimate_result *r);

#endif
