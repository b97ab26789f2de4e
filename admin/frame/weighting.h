/* Weights in stages: base x selection x nonresponse x raking with trimming, and the jackknife that
 * repeats them.
 *
 * Selection: a person stands for the eligible adults of the household, at most `cap` of them.
 * Nonresponse, by point or cell of points: the addresses issued that are homes of the population,
 * over those interviewed, both weighted by base; of addresses nobody knows, the share e that is
 * eligible among all whose eligibility is known counts (AAPOR's e, CASRO). The arm of the
 * experiment has no part in it. Raking (Deming and Stephan 1940): iterative proportional fitting
 * until nothing moves any more, which is the calibration with exponential distance (Deville and
 * Sarndal 1992). A missing value is a category of its own that keeps its share. Weights above
 * `trim` times the mean are cut to it and the rest raked again, until both hold.
 *
 * Replicates: one for each sampling point, which it leaves out while the others of its stratum
 * count n/(n-1) times (JKn; Wolter 2007, chapter 4), nonresponse and raking repeated; scale
 * (n-1)/n. The single point of a stratum is left out with nothing in its place, scale 1: as if
 * centred on all. */
#ifndef SANAQ_ADMIN_FRAME_WEIGHTING_H
#define SANAQ_ADMIN_FRAME_WEIGHTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { WEIGHTING_MAX_REPLICATES = 5000, WEIGHTING_STAGES = 4 };

/** A sampling point and what is known of the addresses issued there. */
struct weighting_point {
    double base;
    double eligible, ineligible, unknown; /* addresses; respondents are among the eligible */
    double respondents;
    int32_t cell, stratum;
};

struct weighting_margin {
    char *name;
    char **value; /* one per category */
    double *share;
    size_t categories;
    int32_t *category; /* per row; FRAME_MISSING (-1) where the value is missing */
};

/** What weights are made of; arrays from malloc. */
struct weighting_spec {
    size_t n;
    double *base;                  /* per row; NULL: 1 */
    double *adults;                /* eligible adults per row; NULL: no selection stage */
    double cap, trim;              /* 0: none */
    double tolerance;              /* largest relative error of a margin; 0: 1e-6 */
    struct weighting_point *point; /* NULL: no nonresponse stage */
    size_t points, cells;
    int32_t *point_of; /* per row; NULL without points */
    struct weighting_margin *margin;
    size_t margins;
    int32_t *psu, *stratum; /* per row; NULL: every row a point, one stratum */
};
void weighting_spec_free(struct weighting_spec *s);

struct weighting;

/** Weights of ${spec}, which is taken over (emptied) on success. ERR_STUDY (said: which margin or
 * cell, and what to do): a category nobody is in, margins that contradict one another or the trim,
 * a cell with addresses and nobody interviewed; ERR_NOMEM. */
enum err weighting_new(struct weighting_spec *spec, struct weighting **out);
void weighting_free(struct weighting *w);

/** The final weight of each row. */
const double *weighting_final(const struct weighting *w);

/** What each stage made of the weights so far. */
struct weighting_stage {
    const char *name; /* "base", "selection", "nonresponse", "raking" */
    double cv;        /* of all rows' weights after it */
    double effect;    /* Kish's design effect, 1 + cv^2 */
};
const struct weighting_stage *weighting_stages(const struct weighting *w, size_t *count);
/** True where weights depend on the sample: a variance that takes them as given is not theirs. */
bool weighting_adjusts(const struct weighting *w);

/** Points of the sample, each in its stratum; that of a row, and its stratum (0..). */
size_t weighting_places(const struct weighting *w);
uint32_t weighting_place(const struct weighting *w, size_t row);
uint32_t weighting_place_stratum(const struct weighting *w, uint32_t place);
/** Weights where each point counts times[place] times, nonresponse and raking repeated; as
 * weighting_replicate. Points of the list without an interview count once. */
enum err weighting_with(const struct weighting *w, const double *times, double *out);

/** Replicates: points in their strata; 0 where there are more than WEIGHTING_MAX_REPLICATES. */
size_t weighting_replicates(const struct weighting *w);
/** Factor of the replicate's squared deviation from the full sample's estimate. */
double weighting_scale(const struct weighting *w, size_t replicate);
/** Points minus strata. */
size_t weighting_df(const struct weighting *w);
size_t weighting_lone(const struct weighting *w); /* strata of a single point */
/** Its weights, 0 for rows left out, into ${out}; from any thread. A category that has lost all its
 * rows is left out of the raking. ERR_STUDY (not said): the margins cannot be reached without the
 * point; ERR_NOMEM. */
enum err weighting_replicate(const struct weighting *w, size_t replicate, double *out);

/* For the linear variance of raked weights: residuals of the regression on the margins. */

/** Indicators of the margins; 0 without raking. */
size_t weighting_columns(const struct weighting *w);
void weighting_row(const struct weighting *w, size_t row, double *x);
/** The weights before raking. */
const double *weighting_before(const struct weighting *w);

#endif
