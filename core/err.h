/* What can go wrong, one sentence each, and the exit status that tells it. */
#ifndef SANAQ_CORE_ERR_H
#define SANAQ_CORE_ERR_H

enum err {
    ERR_OK,
    ERR_USAGE,       /* the command line or an option is wrong */
    ERR_STUDY,       /* a study, point list or data file says something it may not */
    ERR_UNSUPPORTED, /* valid, but this version cannot do it */
    ERR_FILE,        /* a file or folder could not be read or written */
    ERR_FULL,        /* no room on the disk */
    ERR_FORMAT,      /* bytes that are not what they should be: truncated, damaged, another kind */
    ERR_SIGNATURE,   /* a signature or MAC does not fit */
    ERR_KEY,         /* the key does not open this */
    ERR_PASSPHRASE,  /* code or passphrase is wrong */
    ERR_STATE,       /* not possible now */
    ERR_LOST,        /* a laptop's working state is gone, its device key is not */
    ERR_BUSY,        /* another program holds it */
    ERR_DOUBT,       /* something counted is in doubt */
    ERR_PARTIAL,     /* some pieces were set aside */
    ERR_NOMEM,
    ERR_SYSTEM, /* the operating system refused: no randomness, no lockable memory, no terminal */
    ERR_INTERRUPTED,
    ERR__COUNT
};

/** One plain sentence for ${e}, without a full stop; never NULL. */
const char *err_text(enum err e);

/** Exit status of a program that ends with ${e}: 0 done, 1 in doubt or a fault in the study,
 *  2 usage, 3 the system failed, 4 partial. It never depends on an arm or an answer. */
int err_exit(enum err e);

#endif
