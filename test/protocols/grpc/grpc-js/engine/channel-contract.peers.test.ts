import { channelContract } from '../../../../contracts/channel.js';

channelContract('grpc-js');
