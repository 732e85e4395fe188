"""Records how a gamma draw x moves with its parameter a, at a fixed probability: python3 record_gamma.py > gamma.json"""
import json

import mpmath as mp

mp.mp.dps = 60


def slope(a, x):
    p = mp.diff(lambda s: mp.gammainc(s, 0, x, regularized=True), a)
    return -p / mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a))


rows = []
for a in ("0.01", "0.1", "0.5", "1", "1.5", "3", "10", "30", "79", "81", "200", "1000", "100000"):
    a = mp.mpf(a)
    # Where draws fall: the middle, some deviations beside it, and for small a near 0.
    places = []
    for z in ("-3", "-2", "-1", "-0.3", "0", "0.3", "1", "2", "3", "4.5"):
        x = a * (1 - 1 / (9 * a) + mp.mpf(z) / (3 * mp.sqrt(a))) ** 3
        if x > 0:
            places.append(x)
    if a < 3:
        places += [a * mp.mpf(f) for f in ("1e-6", "0.001", "0.1", "1", "3", "8")]
        places += [mp.mpf(f) for f in ("0.9", "1.4", "1.6", "5")]
    for x in places:
        rows.append([float(a), float(x), float(slope(mp.mpf(float(a)), mp.mpf(float(x))))])
print(json.dumps(rows, separators=(",", ":")))
