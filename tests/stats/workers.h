/* Simulated samples shared between the processors: one worker each, sums come back by pipe. */
#ifndef SANAQ_TESTS_STATS_WORKERS_H
#define SANAQ_TESTS_STATS_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

/** Adds the samples ${first}, ${first} + ${step}, ... to sums (zeros before). */
typedef void workers_work(const void *ctx, size_t first, size_t step, double *sums);

/** Runs ${work} in a process a processor, with what it logs thrown away, and adds all their
 * ${count} numbers to ${sums}: the same numbers however many processors there are, but for
 * rounding. False where a worker could not start or end. */
bool workers_run(workers_work *work, const void *ctx, size_t count, double *sums);

#endif
