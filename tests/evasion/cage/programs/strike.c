/* SPDX-License-Identifier: Apache-2.0 */
/* A program other than the interpreter: leaves a line in the file that it is told. */
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    return fd < 0 || write(fd, "struck\n", 7) != 7;
}
