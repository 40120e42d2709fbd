/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MEMDEV_EMU_H
#define _MEMDEV_EMU_H

int memdev_emu_init(void);
void memdev_emu_exit(void);

#endif /* _MEMDEV_EMU_H */
