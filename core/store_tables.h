/* The database of a laptop, `store.db` (FORMAT.md "On the laptop"): the kiosk makes it so, and
 * whoever reads one that came from elsewhere takes it only if it is so to the letter. */
#ifndef SANAQ_CORE_STORE_TABLES_H
#define SANAQ_CORE_STORE_TABLES_H

enum { STORE_APPLICATION_ID = 0x53414e51 /* "SANQ" */, STORE_VERSION = 1, STORE_TABLES = 5 };

static const struct {
    const char *name, *sql;
} store_tables[STORE_TABLES] = {
    {"pack", "CREATE TABLE pack(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"},
    {"stream", "CREATE TABLE stream(number INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
               " preamble BLOB NOT NULL) STRICT"},
    {"entry", "CREATE TABLE entry(n INTEGER PRIMARY KEY,"
              " stream INTEGER NOT NULL REFERENCES stream(number), sealed BLOB NOT NULL) STRICT"},
    {"state", "CREATE TABLE state(id INTEGER PRIMARY KEY CHECK(id = 1), epoch INTEGER NOT NULL,"
              " sealed BLOB NOT NULL) STRICT"},
    {"receipt", "CREATE TABLE receipt(id INTEGER PRIMARY KEY CHECK(id = 1), n INTEGER NOT NULL,"
                " bytes BLOB NOT NULL) STRICT"},
};

#endif
