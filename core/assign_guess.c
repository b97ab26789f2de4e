#include "core/assign.h"
#include "core/assign_plan.h"

static double choose(unsigned n, unsigned k)
{
    double c = 1;
    for (unsigned i = 1; i <= k; i++)
        c = c * (n - k + i) / i;
    return c;
}

/* The arms of one list in the blocks of a study; those of a double are halves. */
struct urn {
    const struct study *study;
    size_t arms;
    uint32_t share[STUDY_MAX_SENSITIVE + 1], sum;
};

static struct urn urn_of(const struct study *s, const struct study_list *list)
{
    struct urn u = {s, list->sensitives + 1, {0}, 0};
    for (size_t arm = 0; arm < u.arms; arm++)
        u.share[arm] = list->in_double >= 0 ? arm < 2 : assign_plan_share(list, arm);
    if (list->in_double >= 0)
        u.arms = 2;
    for (size_t arm = 0; arm < u.arms; arm++)
        u.sum += u.share[arm];
    return u;
}

/* Probability, times the number of sizes, that a block begins with ${seen} places of each arm in
 * some order and the best guess of the next place is right. */
static double guess_after(const struct urn *u, const uint8_t *seen)
{
    double right[STUDY_MAX_SENSITIVE + 1] = {0}, best = 0;
    unsigned n = 0;
    for (size_t arm = 0; arm < u->arms; arm++)
        n += seen[arm];
    for (size_t i = 0; i < u->study->block_sizes; i++) {
        unsigned size = u->study->block[i], unit = size / u->sum;
        if (n >= size)
            continue;
        double reached = 1 / choose(size, n);
        for (size_t arm = 0; arm < u->arms; arm++)
            reached *=
                seen[arm] <= unit * u->share[arm] ? choose(unit * u->share[arm], seen[arm]) : 0;
        for (size_t arm = 0; arm < u->arms && reached > 0; arm++)
            right[arm] += reached * (unit * u->share[arm] - seen[arm]) / (size - n);
    }
    for (size_t arm = 0; arm < u->arms; arm++)
        best = right[arm] > best ? right[arm] : best;
    return best;
}

double assign_guess(const struct study *s, size_t list)
{
    struct urn u = urn_of(s, &s->list[list]);
    uint8_t seen[STUDY_MAX_SENSITIVE + 1] = {0};
    uint32_t places = 0, longest = 0, most = 0;
    double right = 0;
    for (size_t arm = 0; arm < u.arms; arm++)
        most = u.share[arm] > most ? u.share[arm] : most;
    if (!s->blocks)
        return (double)most / u.sum;
    for (size_t i = 0; i < s->block_sizes; i++) {
        places += s->block[i];
        longest = s->block[i] > longest ? s->block[i] : longest;
    }
    for (size_t arm = 0; arm < u.arms;) { /* all contents a begun block can have */
        right += guess_after(&u, seen);
        for (arm = 0; arm < u.arms; seen[arm++] = 0)
            if (seen[arm] < longest / u.sum * u.share[arm]) {
                seen[arm]++;
                break;
            }
    }
    return right / places;
}
