import type { Act, Ticket } from './tickets.ts'

const HOUR_SECONDS = 3600

/** What the desk holds when it opens: a week's tickets of a few people of acme, oldest first. */
export function seedTickets(now: number): Ticket[] {
  const act = (name: string, hoursAgo: number): Act => ({
    user: `${name}@acme.localhost`,
    at: new Date((now - hoursAgo * HOUR_SECONDS) * 1000).toISOString(),
  })
  const remark = (name: string, hoursAgo: number, body: string) => ({ ...act(name, hoursAgo), body })
  return [
    {
      id: '1001',
      title: 'Laptop does not wake up after the lid was closed',
      body: 'Since the update of Monday the screen stays black. Holding the power button for ten seconds helps, but open documents are lost.',
      status: 'closed',
      opened: act('ada', 150),
      closed: act('kim', 121),
      comments: [
        remark('kim', 148, 'Known fault of that update. Please install the firmware from the catalogue and report back.'),
        remark('ada', 122, 'Installed, and it has woken up ever since. Thank you!'),
      ],
    },
    {
      id: '1002',
      title: 'VPN drops every hour',
      body: 'Working from home the connection ends almost exactly every 60 minutes. I can reconnect at once, but calls break off.',
      status: 'open',
      opened: act('alex', 97),
      comments: [
        remark('kim', 95, 'Looks like the session lifetime of the old gateway. Which one is in your profile?'),
        remark('alex', 94, 'vpn-2.'),
      ],
    },
    {
      id: '1003',
      title: 'New starter on the 1st: accounts and badge',
      body: 'Robin joins the finance team. Needs mail, the ledger (read only) and a badge for building B.',
      status: 'open',
      opened: act('noor', 72),
      comments: [],
    },
    {
      id: '1004',
      title: 'Printer on floor 3 prints everything twice',
      body: 'Whatever I send, two copies come out, even when the dialogue says one.',
      status: 'open',
      opened: act('sam', 49),
      comments: [remark('noor', 47, 'Same here, since the driver was changed.')],
    },
    {
      id: '1005',
      title: 'Quarterly report: chart shows last year',
      body: 'The revenue chart on page 4 still takes its numbers from last year’s sheet. The table beside it is right.',
      status: 'open',
      opened: act('ada', 26),
      comments: [],
    },
    {
      id: '1006',
      title: 'Please extend the mailbox of the events team',
      body: 'It has been 98 % full for days, and the conference begins next week.',
      status: 'open',
      opened: act('alex', 3),
      comments: [],
    },
  ]
}
