/* The commands of sanaq-admin: one file each, one row each in the table of main.c. argv[0] is the
 * command's name. What a command says goes to standard output if it is the result, else to the log.
 */
#ifndef SANAQ_ADMIN_COMMAND_H
#define SANAQ_ADMIN_COMMAND_H

#include "core/err.h"

enum err command_backup(int argc, char **argv);
enum err command_check(int argc, char **argv);
enum err command_close(int argc, char **argv);
enum err command_devices(int argc, char **argv);
enum err command_estimate(int argc, char **argv);
enum err command_export(int argc, char **argv);
enum err command_golive(int argc, char **argv);
enum err command_keycheck(int argc, char **argv);
enum err command_keygen(int argc, char **argv);
enum err command_pack(int argc, char **argv);
enum err command_pull(int argc, char **argv);
enum err command_restore(int argc, char **argv);
enum err command_send(int argc, char **argv);
enum err command_sign(int argc, char **argv);
enum err command_simulate(int argc, char **argv);
enum err command_test(int argc, char **argv);
enum err command_verify(int argc, char **argv);

#endif
