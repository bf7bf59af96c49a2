import { channelContract } from '../../../contracts/channel.js';

channelContract('native');
