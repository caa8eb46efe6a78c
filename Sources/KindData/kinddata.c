#include "kinddata.h"

// #embed is C23; the compiler takes it in every mode. A missing file fails the build.
static const unsigned char shared[] = {
#embed "kinds/shared.kind"
};

static const unsigned char core[] = {
#embed "kinds/core.kind"
};

static const unsigned char apps[] = {
#embed "kinds/apps.kind"
};

static const unsigned char coordination[] = {
#embed "kinds/coordination.kind"
};

static const unsigned char policy[] = {
#embed "kinds/policy.kind"
};

static const unsigned char scheduling[] = {
#embed "kinds/scheduling.kind"
};

static const unsigned char autoscaling[] = {
#embed "kinds/autoscaling.kind"
};

static const unsigned char apiextensions[] = {
#embed "kinds/apiextensions.kind"
};

static const unsigned char authentication[] = {
#embed "kinds/authentication.kind"
};

static const unsigned char authorization[] = {
#embed "kinds/authorization.kind"
};

static const unsigned char metal3[] = {
#embed "kinds/metal3.kind"
};

static const unsigned char kubevirt[] = {
#embed "kinds/kubevirt.kind"
};

static const unsigned char sluice[] = {
#embed "kinds/sluice.kind"
};

#define FILE_ENTRY(name) { #name ".kind", name, sizeof name }

// shared.kind comes first: its types are visible in all others. Groups stand in the order in which discovery shows them.
static const sluice_kind_file files[] = {
    FILE_ENTRY(shared),
    FILE_ENTRY(core),
    FILE_ENTRY(apps),
    FILE_ENTRY(authentication),
    FILE_ENTRY(authorization),
    FILE_ENTRY(autoscaling),
    FILE_ENTRY(policy),
    FILE_ENTRY(apiextensions),
    FILE_ENTRY(scheduling),
    FILE_ENTRY(coordination),
    FILE_ENTRY(metal3),
    FILE_ENTRY(kubevirt),
    FILE_ENTRY(sluice),
};

size_t sluice_kind_file_count(void) { return sizeof files / sizeof files[0]; }

sluice_kind_file sluice_kind_file_at(size_t index) { return files[index]; }
