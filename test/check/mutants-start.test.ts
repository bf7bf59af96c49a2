import { testMutants } from './test-mutants.js';

testMutants(
  [
    ['S-01', /exit with code 0/],
    ['S-02', /nothing on stderr/],
    ['S-03', /it starts/],
    ['S-04', /first comes "starting"/],
    ['S-05', /1, and 2 when the order is another/],
    ['S-06', /it ended with code 1/],
    ['S-07', /TCP port \d+ of 10000 to 25000/],
    ['S-08', /^in "/],
    ['S-09', /after 5\d\d\d ms|after [6-9]\d\d\d ms|after \d{5} ms/],
    ['S-10', /no HOME/],
    ['S-11', /EADDRINUSE/, { only: ['S-11'] }],
  ],
  ['G-02'],
);
