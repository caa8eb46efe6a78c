#ifndef SLUICE_FLEETDATA_H
#define SLUICE_FLEETDATA_H

#include <stddef.h>

/// An example fleet as it was at build time.
typedef struct {
    const char *name;
    const unsigned char *bytes;
    size_t count;
} sluice_fleet_file;

/// Number of embedded fleets.
size_t sluice_fleet_file_count(void);

/// The fleet at an index below the count; the bytes live as long as the program.
sluice_fleet_file sluice_fleet_file_at(size_t index);

#endif
