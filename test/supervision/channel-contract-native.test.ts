import { SwitchingChannel } from '../../src/supervision/calls/switching-channel.js';
import { channelContract } from '../contracts/channel.js';
import { routeTo } from '../support/route-to.js';

channelContract('native', { name: 'switching', wrap: (channel) => new SwitchingChannel(routeTo(channel)) });
