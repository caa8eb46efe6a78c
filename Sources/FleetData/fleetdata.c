#include "fleetdata.h"

// The compiler knows #embed, which came with C23, in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char rack40[] = {
#embed "../../examples/fleets/rack40.yaml"
};

static const sluice_fleet_file files[] = {
    { "rack40", rack40, sizeof rack40 },
};

size_t sluice_fleet_file_count(void) { return sizeof files / sizeof files[0]; }

sluice_fleet_file sluice_fleet_file_at(size_t index) { return files[index]; }
