#ifndef SLUICE_KINDDATA_H
#define SLUICE_KINDDATA_H

#include <stddef.h>

/// A kind file as it was at build time; see docs/adding-a-kind.md for the format.
typedef struct {
    const char *name;
    const unsigned char *bytes;
    size_t count;
} sluice_kind_file;

/// Number of embedded kind files.
size_t sluice_kind_file_count(void);

/// The file at an index below the count; the bytes live as long as the program.
sluice_kind_file sluice_kind_file_at(size_t index);

#endif
