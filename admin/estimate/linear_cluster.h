/* The cluster-robust part of linear.h. */
#ifndef SANAQ_ADMIN_ESTIMATE_LINEAR_CLUSTER_H
#define SANAQ_ADMIN_ESTIMATE_LINEAR_CLUSTER_H

#include "admin/estimate/linear.h"

/** CR0, stata or CR2. ERR_NOMEM. */
enum err linear_cluster_variance(const struct linear *l, const struct linear_fit *f,
                                 enum linear_se se, double *out);
/** Satterthwaite's degrees of freedom of CR2 for the combination ${c}. ERR_NOMEM. */
enum err linear_cluster_df(const struct linear *l, const struct linear_fit *f, const double *c,
                           double *out);

#endif
