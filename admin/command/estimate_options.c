#include "admin/command/estimate_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

enum kind { FLAG, TEXT, TEXTS, NUMBER, CHOICE };

struct choice {
    const char *name;
    int value;
};

static const struct choice errors[] = {
    {"none", ERROR_NONE}, {"topcode", ERROR_TOPCODE}, {"uniform", ERROR_UNIFORM}, {NULL, 0}};
static const struct choice multis[] = {
    {"none", MULTI_NONE}, {"level", MULTI_LEVEL}, {"indicators", MULTI_INDICATORS}, {NULL, 0}};
static const struct choice outcomes[] = {
    {"logistic", OUTCOME_LOGISTIC}, {"linear", OUTCOME_LINEAR}, {NULL, 0}};
static const struct choice constraints[] = {{"none", CONSTRAINT_NONE},
                                            {"partial", CONSTRAINT_PARTIAL},
                                            {"full", CONSTRAINT_FULL},
                                            {NULL, 0}};
static const struct choice no_treatments[] = {{"yes", false}, {"no", true}, {NULL, 0}};
static const struct choice intervals[] = {{"wald", false}, {"likelihood", true}, {NULL, 0}};
static const struct choice moments[] = {{"ml", MOMENTS_ML}, {"nls", MOMENTS_NLS}, {NULL, 0}};
static const struct choice priors[] = {{"cauchy", true}, {NULL, 0}};

struct row {
    const char *name;
    enum kind kind;
    size_t at;                   /* in struct estimate_options, or struct estimate_request */
    const struct choice *choice; /* of CHOICE; stored as the field's type says */
    const char *value, *help;    /* name of the value; one line */
};

#define AT(field) offsetof(struct estimate_options, field)

static const struct row table[] = {
    {"covariates", TEXT, AT(covariates), NULL, "A,B",
     "columns of the model: age,factor(region),a:b"},
    {"unconstrained", FLAG, AT(unconstrained), NULL, NULL, "ml: control items differ by the item"},
    {"overdispersed", FLAG, AT(overdispersed), NULL, NULL, "ml: beta-binomial control items"},
    {"ceiling", FLAG, AT(ceiling), NULL, NULL, "ml: some hide by the highest count"},
    {"floor", FLAG, AT(floor), NULL, NULL, "ml: some hide by the lowest count"},
    {"ceiling-covariates", TEXT, AT(ceiling_covariates), NULL, "A,B", "who does (default: alike)"},
    {"floor-covariates", TEXT, AT(floor_covariates), NULL, "A,B", "who does (default: alike)"},
    {"prior", CHOICE, AT(prior), priors, "cauchy", "ml: where there is no finite maximum"},
    {"error", CHOICE, AT(error), errors, "KIND", "ml, nls: answers at random: topcode, uniform"},
    {"multi", CHOICE, AT(multi), multis, "KIND",
     "ml: items depend on the count: level, indicators"},
    {"direct", TEXT, AT(direct), NULL, "COL", "the direct question, 0 and 1"},
    {"outcome", TEXT, AT(outcome), NULL, "COL", "what the latent answer predicts"},
    {"outcome-model", CHOICE, AT(outcome_model), outcomes, "KIND",
     "joint: logistic or linear (default: by its values)"},
    {"control-constraint", CHOICE, AT(control_constraint), constraints, "KIND",
     "misreport: who answers the others alike: none, partial, full"},
    {"misreport-treatment", CHOICE, AT(no_treatment), no_treatments, "yes|no",
     "misreport: does the card matter (yes)"},
    {"known", TEXT, AT(known), NULL, "P",
     "aux: known prevalence: 0.3, or region=1:0.3,region=2:0.5"},
    {"robust", FLAG, AT(robust), NULL, NULL, "aux: held to the difference in means"},
    {"moments", CHOICE, AT(moments), moments, "ml|nls", "aux: equations (nls; with --robust ml)"},
    {"assume", TEXT, AT(assume), NULL, "A,B", "bounds: only these assumptions (all that fit)"},
    {"random-share", TEXT, AT(random_share), NULL, "A,B", "bounds: shares of random answers"},
    {"se", TEXT, AT(se), NULL, "KIND",
     "standard errors: what the method offers; replicates, linear"},
    {"profile", TEXTS, offsetof(struct estimate_request, profile), NULL, "A=1,B=2",
     "prevalence if all had these values"},
    {"difference", TEXTS, offsetof(struct estimate_request, difference), NULL, "A=1:A=0",
     "difference of two such prevalences"},
    {"posterior", TEXT, offsetof(struct estimate_request, posterior), NULL, "FILE",
     "ml: each respondent's probability, for internal use; needs --force"},
    {"force", FLAG, offsetof(struct estimate_request, force), NULL, NULL,
     "write what singles respondents out"},
    {"interval", CHOICE, AT(likelihood_interval), intervals, "KIND",
     "ml: wald, or likelihood (profile), of the prevalence of all"},
    {"simulate", FLAG, AT(simulate), NULL, NULL, "intervals by drawing coefficients"},
    {"draws", NUMBER, AT(draws), NULL, "N", "randomization, --simulate: how often is drawn"},
    {"seed", NUMBER, AT(seed), NULL, "N", "of whatever is drawn (default: 1)"},
    {"starts", NUMBER, AT(starts), NULL, "N", "starting points of a fit"},
    {"bootstrap", NUMBER, AT(bootstrap), NULL, "N", "resamples of whatever the method is"},
    {"percentile", FLAG, AT(percentile), NULL, NULL, "its intervals, in place of BCa"},
    {"threads", NUMBER, AT(threads), NULL, "N", "at most (default: all processors)"},
};
enum { ROWS = sizeof table / sizeof *table };
_Static_assert((int)ROWS < (int)ESTIMATE_OPTIONS_MAX, "getopt's table has room");

size_t estimate_options_rows(struct option *rows)
{
    for (size_t i = 0; i < ROWS; i++)
        rows[i] =
            (struct option){table[i].name, table[i].kind == FLAG ? no_argument : required_argument,
                            NULL, ESTIMATE_OPTION_FIRST + (int)i};
    return ROWS;
}

static enum err take_number(const struct row *r, const char *value, void *to)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(value, &end, 10);
    if (errno != 0 || end == value || *end != 0 || value[0] == '-')
        return log_fail(ERR_USAGE, "--%s %s: write a whole number", r->name, value);
    if (r->at == AT(seed))
        *(uint64_t *)to = v;
    else
        *(size_t *)to = (size_t)v;
    return ERR_OK;
}

static enum err take_choice(const struct row *r, const char *value, struct estimate_options *o)
{
    size_t k = 0;
    while (r->choice[k].name != NULL && strcmp(r->choice[k].name, value) != 0)
        k++;
    if (r->choice[k].name == NULL)
        return log_fail(ERR_USAGE, "--%s %s: write %s%s%s%s%s", r->name, value, r->choice[0].name,
                        k > 1 ? ", " : "", k > 1 ? r->choice[1].name : "", k > 2 ? " or " : "",
                        k > 2 ? r->choice[2].name : "");
    if (r->choice == errors)
        o->error = (enum estimate_error)r->choice[k].value;
    else if (r->choice == multis)
        o->multi = (enum estimate_multi)r->choice[k].value;
    else if (r->choice == moments)
        o->moments = (enum estimate_moments)r->choice[k].value;
    else if (r->choice == constraints)
        o->control_constraint = (enum estimate_constraint)r->choice[k].value;
    else if (r->choice == no_treatments)
        o->no_treatment = r->choice[k].value != 0;
    else if (r->choice == outcomes)
        o->outcome_model = (enum estimate_outcome)r->choice[k].value;
    else if (r->choice == intervals)
        o->likelihood_interval = r->choice[k].value != 0;
    else
        o->prior = true;
    return ERR_OK;
}

static enum err take_text(const struct row *r, const char *value, struct estimate_request *q)
{
    bool profile = r->at == offsetof(struct estimate_request, profile);
    size_t *n = profile ? &q->o.profiles : &q->o.differences;
    if (*n == ESTIMATE_TEXTS_MAX)
        return log_fail(ERR_USAGE, "--%s: at most %d of them", r->name, ESTIMATE_TEXTS_MAX);
    (profile ? q->profile : q->difference)[(*n)++] = value;
    q->o.profile = q->profile;
    q->o.difference = q->difference;
    return ERR_OK;
}

enum err estimate_options_take(int option, const char *value, struct estimate_request *q)
{
    const struct row *r = &table[option - ESTIMATE_OPTION_FIRST];
    void *to = (char *)&q->o + r->at;
    q->given[option - ESTIMATE_OPTION_FIRST] = true;
    switch (r->kind) {
    case FLAG:
        *(bool *)to = true;
        return ERR_OK;
    case TEXT:
        *(const char **)to = value;
        return ERR_OK;
    case TEXTS:
        return take_text(r, value, q);
    case NUMBER:
        return take_number(r, value, to);
    case CHOICE:
        return take_choice(r, value, &q->o);
    }
    return ERR_USAGE;
}

/* Is ${name} a word of ${list}? */
static bool listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; p != NULL && (p = strstr(p, name)) != NULL; p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0))
            return true;
    return false;
}

/* What is done around any method: variances by replicates, the bootstrap, work shared by threads.
 */
static bool around_methods(const struct estimate_request *q, const struct row *r)
{
    bool replicates =
        q->o.se != NULL && (strcmp(q->o.se, "replicates") == 0 || strcmp(q->o.se, "linear") == 0);
    return strcmp(r->name, "threads") == 0 || strcmp(r->name, "bootstrap") == 0 ||
           (strcmp(r->name, "se") == 0 && replicates) ||
           (strcmp(r->name, "percentile") == 0 && q->o.bootstrap > 0) ||
           (strcmp(r->name, "seed") == 0 && q->o.bootstrap > 0);
}

/* A file of posterior probabilities says of each respondent how likely he holds the view. */
static enum err check_posterior(const struct estimate_request *q)
{
    return q->posterior == NULL || q->force
               ? ERR_OK
               : log_fail(ERR_USAGE,
                          "--posterior %s: the file would say of each respondent how likely they "
                          "hold the view, and so single people out; with --force it is written "
                          "all the same",
                          q->posterior);
}

enum err estimate_options_check(const struct estimate_request *q, const struct estimator *method)
{
    for (size_t i = 0; i < ROWS; i++)
        if (q->given[i] && !listed(method->takes, table[i].name) && !around_methods(q, &table[i]))
            return log_fail(ERR_USAGE, "--%s does nothing for --method %s; leave it out%s%s",
                            table[i].name, method->name,
                            method->takes != NULL ? "; it takes: " : "",
                            method->takes != NULL ? method->takes : "");
    return check_posterior(q);
}

void estimate_options_help(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        int used = printf("  --%s%s%s", table[i].name, table[i].value ? " " : "",
                          table[i].value ? table[i].value : "");
        printf("%*s%s\n", used < 29 ? 29 - used : 1, "", table[i].help);
    }
}
