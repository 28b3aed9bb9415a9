// The pages on the rail, who works with them, and the key that opens each.
export type PageName = 'alarms' | 'hotline' | 'board' | 'elders' | 'review' | 'devices' | 'stock' | 'assessments' | 'messages' | 'figures' | 'shift' | 'patterns' | 'openings' | 'programs' | 'catalogue' | 'orders' | 'reminders' | 'allowances' | 'imports' | 'appeals' | 'settlement' | 'contracts' | 'callbacks' | 'meals' | 'rental' | 'welfare'

interface Page {
  name: PageName
  key: string
  icon: string
  roles: string[]
}

/** Those who work with people by name; they see alarms, whoever answers them. */
export const DESK = ['operator', 'shift_lead', 'dispatcher']

export const PAGES: Page[] = [
  { name: 'alarms', key: '⇧A', roles: DESK, icon: 'M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zM10 21h4' },
  { name: 'hotline', key: '⇧H', roles: ['operator', 'shift_lead'], icon: 'M5 4h4l2 5-3 2a11 11 0 0 0 5 5l2-3 5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2' },
  { name: 'board', key: '⇧P', roles: [...DESK, 'manager'], icon: 'M4 6h10M4 12h16M4 18h7M17 4v4M12 16v4' },
  { name: 'elders', key: '⇧E', roles: [...DESK, 'supervisor'], icon: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8M4 21c1-5 4-7 8-7s7 2 8 7' },
  { name: 'review', key: '⇧R', roles: [...DESK, 'manager', 'supervisor'], icon: 'M5 4h10l4 4v12H5zM9 13l2 2 4-4' },
  { name: 'devices', key: '⇧D', roles: DESK, icon: 'M9 3h6a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2M11 17h2' },
  { name: 'assessments', key: '⇧S', roles: ['assessor', 'supervisor'], icon: 'M6 4h12v16H6zM9 9h6M9 13h6M9 17h3M9 4V2h6v2' },
  { name: 'stock', key: '⇧K', roles: ['admin', 'shift_lead', 'dispatcher'], icon: 'M4 8l8-4 8 4v9l-8 4-8-4zM4 8l8 4 8-4M12 12v9' },
  { name: 'figures', key: '⇧F', roles: ['shift_lead', 'manager', 'supervisor'], icon: 'M4 20V10M10 20V4M16 20v-7M21 20H3' },
  { name: 'shift', key: '⇧T', roles: ['operator', 'shift_lead'], icon: 'M4 8h13l-3-3M20 16H7l3 3' },
  { name: 'patterns', key: '⇧W', roles: ['shift_lead', 'admin'], icon: 'M5 5h3v3H5zM5 11h3v3H5zM5 17h3v3H5zM11 6h8M11 12h8M11 18h8' },
  { name: 'openings', key: '⇧O', roles: ['shift_lead', 'supervisor'], icon: 'M3 12c3-5 6-7 9-7s6 2 9 7c-3 5-6 7-9 7s-6-2-9-7M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6' },
  { name: 'programs', key: '⇧G', roles: ['shift_lead', 'manager', 'supervisor', 'admin'], icon: 'M4 7h16v10H4zM12 9.5v5M9.5 11h4a1 1 0 0 1 0 2h-3' },
  { name: 'orders', key: '⇧B', roles: [...DESK, 'supervisor'], icon: 'M6 3h12v18H6zM9 8h6M9 12h6M9 16l1.5 1.5L14 14' },
  { name: 'reminders', key: '⇧Y', roles: ['operator', 'shift_lead'], icon: 'M12 3v3M12 8a6 6 0 1 1 0 12 6 6 0 0 1 0-12M12 11v3l2 2' },
  { name: 'welfare', key: '⇧X', roles: [...DESK, 'supervisor'], icon: 'M4 11l8-7 8 7v9H4zM12 17s-4-2-4-5a2 2 0 0 1 4-1 2 2 0 0 1 4 1c0 3-4 5-4 5' },
  { name: 'meals', key: '⇧U', roles: [...DESK, 'manager', 'supervisor', 'admin'], icon: 'M4 11h16a8 8 0 0 1-16 0M9 3c-1 1 1 2 0 4M14 3c-1 1 1 2 0 4M8 21h8' },
  { name: 'rental', key: '⇧0', roles: [...DESK, 'manager', 'supervisor', 'admin'], icon: 'M8 3v10h7l3 6M8 7h6M6 15a4 4 0 1 0 7 3' },
  { name: 'catalogue', key: '⇧C', roles: ['supervisor', 'admin'], icon: 'M5 4h14v16H5zM9 8h6M9 12h6M9 16h3' },
  { name: 'allowances', key: '⇧L', roles: ['supervisor'], icon: 'M4 18V8l8-4 8 4v10M8 18v-7M12 18v-7M16 18v-7M3 20h18' },
  { name: 'imports', key: '⇧I', roles: ['admin', 'supervisor'], icon: 'M12 3v11M8 10l4 4 4-4M4 17v4h16v-4' },
  { name: 'appeals', key: '⇧Q', roles: ['dispatcher', 'shift_lead', 'manager', 'supervisor'], icon: 'M5 4h14v10H11l-4 4v-4H5zM9 8h6M9 11h4' },
  { name: 'settlement', key: '⇧J', roles: ['manager', 'supervisor'], icon: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6' },
  { name: 'contracts', key: '⇧N', roles: ['manager', 'supervisor'], icon: 'M7 3h8l4 4v14H7zM15 3v4h4M10 12h6M10 16h4' },
  { name: 'callbacks', key: '⇧V', roles: ['operator', 'shift_lead', 'supervisor'], icon: 'M5 4h4l2 5-3 2a11 11 0 0 0 5 5l2-3 5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2M14 5l2 2 4-4' },
  { name: 'messages', key: '⇧M', roles: DESK, icon: 'M4 5h16v12H9l-5 4z' },
]

/** Whether a link to this page would lead somewhere. */
export function opens(role: string | undefined, page: PageName): boolean {
  return pagesOf(role ?? '').some(({ name }) => name === page)
}

export function pagesOf(role: string): Page[] {
  return PAGES.filter((page) => page.roles.includes(role))
}
