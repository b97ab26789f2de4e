/* Chance for tests and resampling: reproducible from a seed, on every machine and in every order of
 * work, because each stream of numbers has its own start. Not for secrets. */
#ifndef SANAQ_ADMIN_ESTIMATE_CHANCE_H
#define SANAQ_ADMIN_ESTIMATE_CHANCE_H

#include <stdint.h>

/** xoshiro256++ (Blackman and Vigna 2021). */
struct chance {
    uint64_t state[4];
};

/** Stream ${stream} of ${seed}. */
void chance_start(struct chance *c, uint64_t seed, uint64_t stream);
uint64_t chance_next(struct chance *c);
/** In (0, 1). */
double chance_uniform(struct chance *c);
/** 0 .. n - 1, each as likely; n >= 1. */
uint32_t chance_below(struct chance *c, uint32_t n);
/** Successes of ${n} tries with probability ${p}, 0..1. */
uint64_t chance_binomial(struct chance *c, uint64_t n, double p);
/** How many of the ${marked} are among ${taken} drawn without replacement from ${all}. */
uint64_t chance_hypergeometric(struct chance *c, uint64_t all, uint64_t marked, uint64_t taken);

#endif
