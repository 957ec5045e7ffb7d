/** The channels by which messages are sent. */

const CHANNELS = ['mail', 'webhook', 'push', 'sms'] as const;
export const channel = { type: 'enum', name: 'Channel', symbols: CHANNELS } as const;
export type ChannelName = (typeof CHANNELS)[number];
