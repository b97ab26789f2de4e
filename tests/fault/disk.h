/* A disk for tests that can be broken and cut off: every call by which our programs and SQLite
 * reach the files below one folder is counted, can be made to fail, and is written down, so that
 * the folder can be made again as a power cut would have left it. Sits between the product, which
 * knows nothing of it, and the system: a VFS for SQLite, the linker's --wrap for the rest
 * (disk_wraps in tests/CMakeLists.txt). Nothing is really synced; the machine under the test keeps
 * its power. */
#ifndef SANAQ_TESTS_FAULT_DISK_H
#define SANAQ_TESTS_FAULT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum disk_trouble {
    DISK_WELL,
    DISK_ERROR,      /* EIO, once */
    DISK_SHORT,      /* half is written, the rest finds the disk full, once */
    DISK_FULL,       /* ENOSPC, once; only what can take room */
    DISK_STAYS_FULL, /* from there on until disk_mend */
    DISK_IS_GONE,    /* EIO from there on until disk_mend */
    DISK_FORGETS,    /* a sync fails, and what it was to keep never gets to the disk */
    DISK_TROUBLES
};

/** Watch what happens below ${root} (an absolute path, no link in it) and forget what was before.
 * The first call puts the VFS in place; no store may be open. */
void disk_start(const char *root);

/** The ${at}-th call from now (from 1) that can have this trouble has it. */
void disk_break(enum disk_trouble kind, unsigned long at);
/** Healthy again; counts go on. */
void disk_mend(void);
/** What the test itself does in between neither counts nor fails. */
void disk_aside(bool aside);
/** Calls since disk_start or disk_break that could have had this trouble. */
unsigned long disk_calls(enum disk_trouble kind);
/** True once the trouble happened. */
bool disk_struck(void);
/** True unless there is trouble that stays. */
bool disk_is_well(void);

/* ---- what was written down, and the disk after a power cut ---- */

enum disk_kind { DISK_NOTE, DISK_WRITE, DISK_TRUNCATE, DISK_SYNC, DISK_LOST, DISK_NAME, DISK_DIR };
/** Begin to write down (from an empty root). */
void disk_record(void);
size_t disk_events(void);
enum disk_kind disk_kind_of(size_t event);
/** A mark of the test's own in the record. */
void disk_note(uint64_t value);
/** Value of the last mark before event ${event}, 0: none. */
uint64_t disk_noted(size_t event);

enum disk_cut {
    DISK_DROPS,  /* nothing is there that was not synced */
    DISK_KEEPS,  /* everything is, as after the death of a process */
    DISK_GROWS,  /* files have their new lengths, with zeros where unsynced writes were */
    DISK_TEARS,  /* of unsynced writes each 512-byte sector is there, or not, or half */
    DISK_SECTORS /* as before, but sectors are whole */
};
/** Make ${root} again, in the empty folder ${into}, as it is after the first ${events} events and
 * a power cut. Names not synced are there up to one of them. ${seed} chooses. */
void disk_rebuild(size_t events, enum disk_cut cut, uint64_t seed, const char *root,
                  const char *into);

/* ---- between the parts of the disk ---- */

enum disk_call { CALL_READ, CALL_WRITE, CALL_SYNC, CALL_MAKE, CALL_REMOVE, CALL_OTHER };
enum disk_blow { BLOW_NONE, BLOW_ERROR, BLOW_FULL, BLOW_HALF, BLOW_FORGET };
enum disk_blow disk_call(enum disk_call c);
bool disk_watches(const char *path);
int disk_inode(const char *path); /* the one of this name, made if it is new */
void disk_log_write(int inode, uint64_t at, const void *p, size_t n);
void disk_log_truncate(int inode, uint64_t size);
void disk_log_sync(int inode, bool lost);
void disk_log_dir(const char *path_in_it);       /* the folder that holds this is synced */
void disk_log_name(const char *path, int inode); /* it has this name now */
void disk_log_gone(const char *path);            /* the name is gone */
void disk_log_folder(const char *path);          /* a folder was made */
void disk_log_start(void);
void disk_vfs_start(void);

#endif
