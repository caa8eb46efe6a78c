#include "kinddata.h"

// #embed needs C23; the compiler knows it in every mode and warns only in pedantic ones.
static const unsigned char shared[] = {
#embed "kinds/shared.kind"
};

#define FILE_ENTRY(identifier, name) { name, identifier, sizeof identifier }

static const sluice_kind_file files[] = {
    FILE_ENTRY(shared, "shared.kind"),
};

size_t sluice_kind_file_count(void) { return sizeof files / sizeof files[0]; }

sluice_kind_file sluice_kind_file_at(size_t index) { return files[index]; }
