/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "guard/commands.h"

static const char help[] =
    "usage: hubguard COMMAND [options]\n"
    "Scan the code that comes with a model before one statement of it runs.\n"
    "\n"
    "  run [options] -- CMD...  run a command with gate and cage in force\n"
    "  scan PATH...             scan files and directories; exit 1 when something is at block level\n"
    "  approve PATH|SHA256...   allow exactly these bytes (hubguard.lock)\n"
    "  policy check|show|oci [F]  validate; effective values and their origin; a container profile\n"
    "  rules [list|show ID]     every rule with CWE, severity, an example and its remedy\n"
    "  doctor                   what this machine can enforce, and what it cannot\n"
    "\n"
    "`hubguard COMMAND --help` tells more. Without `run`, the same with nothing but a preload:\n"
    "  LD_PRELOAD=/path/to/libhubguard.so python train.py\n"
    "with HUBGUARD_POLICY, HUBGUARD_MODE, HUBGUARD_REPORT, HUBGUARD_LOCK, HUBGUARD_ROOTS as needed.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", hg_cmd_run},       {"scan", hg_cmd_scan},   {"approve", hg_cmd_approve},
    {"policy", hg_cmd_policy}, {"rules", hg_cmd_rules}, {"doctor", hg_cmd_doctor},
    {"serve", hg_cmd_serve},
};

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        (void)fputs(help, stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        (void)puts("hubguard " HG_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (*name == '\0')
        (void)fputs(help, stderr);
    else if (strcmp(name, "learn") == 0 || strcmp(name, "report") == 0)
        (void)fprintf(stderr, "hubguard: %s is not in this version\n", name);
    else
        (void)fprintf(stderr, "hubguard: %s: no such command; `hubguard --help` lists them\n", name);
    return 2;
}
