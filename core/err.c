#include "core/err.h"

static const struct {
    const char *text;
    int status;
} table[] = {
    [ERR_OK] = {"done", 0},
    [ERR_USAGE] = {"the command was not understood", 2},
    [ERR_STUDY] = {"there is a mistake in the study or the data", 1},
    [ERR_UNSUPPORTED] = {"this version of the program cannot do that", 2},
    [ERR_FILE] = {"a file could not be read or written", 3},
    [ERR_FULL] = {"the disk is full", 3},
    [ERR_FORMAT] = {"the file is damaged, cut short or of another kind", 3},
    [ERR_SIGNATURE] = {"a signature does not fit", 1},
    [ERR_KEY] = {"this key does not open it", 3},
    [ERR_PASSPHRASE] = {"the code or the passphrase is wrong", 3},
    [ERR_STATE] = {"that is not possible now", 2},
    [ERR_LOST] = {"this laptop lost its working state; what was sealed is not lost", 3},
    [ERR_BUSY] = {"another program is using it", 3},
    [ERR_DOUBT] = {"something that was counted is in doubt", 1},
    [ERR_PARTIAL] = {"some pieces were set aside", 4},
    [ERR_NOMEM] = {"the machine is out of memory", 3},
    [ERR_SYSTEM] = {"the system refused", 3},
    [ERR_INTERRUPTED] = {"interrupted; nothing is lost", 3},
};
_Static_assert(sizeof table / sizeof *table == ERR__COUNT, "one sentence per error");

const char *err_text(enum err e)
{
    return table[(unsigned)e < ERR__COUNT ? e : ERR_SYSTEM].text;
}

int err_exit(enum err e)
{
    return table[(unsigned)e < ERR__COUNT ? e : ERR_SYSTEM].status;
}
