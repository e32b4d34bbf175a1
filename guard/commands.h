/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of `hubguard`. Each gets argv from its own name on and returns the exit status:
 * 0 done (scan: nothing at block level), 1 scan found something at block level, 2 could not do what was
 * asked. */
#ifndef HUBGUARD_GUARD_COMMANDS_H
#define HUBGUARD_GUARD_COMMANDS_H

int hg_cmd_run(int argc, char **argv); /* cmd_run.c */
int hg_cmd_serve(int argc,
                 char **argv);          /* cmd_serve.c: the detached guard of a bare preload; not for users */
int hg_cmd_scan(int argc, char **argv); /* cmd_scan.c */
int hg_cmd_approve(int argc, char **argv); /* cmd_approve.c */
int hg_cmd_policy(int argc, char **argv);  /* cmd_policy.c */
int hg_cmd_rules(int argc, char **argv);   /* cmd_rules.c */
int hg_cmd_doctor(int argc, char **argv);  /* cmd_doctor.c */

#endif
