import sys; sys.path.insert(0,'/work/main/tests')
from pathlib import Path
import pandas as pd, os, threadpoolctl
from running import *
W=("train", *DEMO, *SPLIT, *OFF, "domain=jeugd", "split.protocols=[unseen_gemeente]","cache=false")
def test_a(tmp_path, session_home):
    ref=pd.read_parquet('/tmp/h8/p0/predictions.parquet')
    well(*W,f'run.dir={tmp_path}/x')
    t=pd.read_parquet(f'{tmp_path}/x/predictions.parquet')
    d={c:((t[c]-ref[c]).abs().groupby(t.model).max()).to_dict() for c in ('rate','lower','upper')}
    bad={c:{m:v for m,v in x.items() if v} for c,x in d.items()}
    Path('/tmp/det_out.txt').write_text((Path('/tmp/det_out.txt').read_text() if Path('/tmp/det_out.txt').exists() else '')+f"{os.environ.get('PYTEST_XDIST_WORKER')} {bad} {t.equals(ref)} {[(i['internal_api'],i['num_threads'],i.get('version')) for i in threadpoolctl.threadpool_info()]}\n")
