/**
 * The team in the editor: a bundle that the extension loads once this machine is in a team, so that its start does not pay for it.
 */
import { askToJoin } from './joinTeam.ts';
import { askToLeave } from './leaveTeam.ts';
import { follow, type TeamMember } from './teamMember.ts';
import { showMenu, syncAndShow } from './teamMenu.ts';
import type { TeamWindow } from './teamWindow.ts';

export type { TeamMember } from './teamMember.ts';

export interface TeamCode {
  join(): Promise<void>;
  leave(): Promise<void>;
  /** Follows the membership as it is now. @returns undefined when this machine is in no team. */
  follow(before: TeamMember | undefined): Promise<TeamMember | undefined>;
  syncNow(member: TeamMember | undefined): Promise<void>;
  showMenu(member: TeamMember | undefined): Promise<void>;
}

export function teamCode(window: TeamWindow): TeamCode {
  return {
    join: () => askToJoin(window),
    leave: () => askToLeave(window),
    follow: (before) => follow(window, before),
    syncNow: (member) => syncAndShow(window, member),
    showMenu: (member) => showMenu(window, member),
  };
}
