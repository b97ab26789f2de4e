/* Fieldwork without people: simulated respondents on simulated laptops, through the same core as
 * real ones, into a folder that `pull` reads like a stick. */
#ifndef SANAQ_ADMIN_SIMULATE_H
#define SANAQ_ADMIN_SIMULATE_H

#include "admin/respondent.h"
#include "admin/studykey.h"

enum { SIMULATE_MAX_INTERVIEWS = 1000000, SIMULATE_MAX_DEVICES = 10000 };

struct simulate_options {
    uint32_t interviews; /* contacts that reach the draw, over all devices */
    uint32_t devices;    /* interviews are spread over them evenly */
    uint64_t seed;
    const char *out; /* folder, made if missing */
    /* Told after each session; what it returns other than ERR_OK ends the simulation. May be NULL.
     */
    enum err (*progress)(void *ctx, uint32_t done, uint32_t of);
    void *ctx;
};

/** Write packs/, up/, down/ (an approval a device) and, last, truth.csv (truth.h) to ${o->out}.
 *
 *  Device keys, roots and approvals come from seed, pack and ${key}, so the same three give the
 * same devices, draws, answers and truth; keys of streams are fresh, so sealed bytes differ.
 * Whoever has not the key cannot make such a device from its seed. Two simulations with one seed
 * are two histories of the same devices and do not go into one archive.
 *
 *  Every entry says it is simulated; interviews are drawn from the live chains. The first session
 * of a device is its set-up, each further one 4 to 10 contacts (the last may have fewer) of one day
 *  from 2022-09-05 on, in the study's time zone, which becomes that of the process.
 *
 *  ERR_KEY (said): ${key} is not of a researcher of the pack. ERR_STATE (said): an earlier
 * simulation lies in the folder. ERR_FILE, ERR_FULL (said), ERR_NOMEM. Where it ends early, whole
 * segments stay behind, and no truth.csv. */
enum err simulate_run(const struct pack *pack, const struct studykey *key,
                      const struct respondent_model *m, const struct simulate_options *o);

#endif
