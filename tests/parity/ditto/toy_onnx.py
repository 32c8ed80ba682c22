# As in the kit.
# fmt: off
# ruff: noqa: B007, C408, E401, E501, E702, E731, F401, I001
# mypy: ignore-errors
"""Small ONNX stand-ins with the published files' input/output names and shapes.

They are NOT the real models: they only let the pre-/post-processing and the audio chunking
be exercised end to end.  usage: toy_onnx.py SEED OUTDIR
"""
import sys, os
import numpy as np
import onnx
from onnx import helper as h, TensorProto as TP, numpy_helper as nh
from fill import normal, uniform


def _save(path, nodes, ins, outs, inits):
    g = h.make_graph(nodes, os.path.basename(path), ins, outs, [nh.from_array(v, k) for k, v in inits.items()])
    m = h.make_model(g, opset_imports=[h.make_opsetid("", 17)])
    m.ir_version = 9
    onnx.checker.check_model(m)
    onnx.save(m, path)


def V(n, s):
    return h.make_tensor_value_info(n, TP.FLOAT, s)


def hubert(path, seed):
    w1 = normal("toy.hubert.w1", (64, 1, 400), seed) * np.float32(0.6)
    b1 = normal("toy.hubert.b1", (64,), seed) * np.float32(0.3)
    w2 = normal("toy.hubert.w2", (1024, 64, 1), seed) / np.float32(8)
    nodes = [h.make_node("Unsqueeze", ["input_values", "ax1"], ["x"]),
             h.make_node("Conv", ["x", "w1", "b1"], ["c1"], kernel_shape=[400], strides=[320]),
             h.make_node("Tanh", ["c1"], ["t1"]),
             h.make_node("Conv", ["t1", "w2"], ["c2"], kernel_shape=[1]),
             h.make_node("Transpose", ["c2"], ["t2"], perm=[0, 2, 1]),
             h.make_node("Squeeze", ["t2", "ax0"], ["encoding_out"])]
    _save(path, nodes, [V("input_values", [1, "n"])], [V("encoding_out", ["t", 1024])],
          dict(w1=w1, b1=b1, w2=w2, ax1=np.array([1], np.int64), ax0=np.array([0], np.int64)))


def det(path, seed, inp="image"):
    nodes, outs, inits = [], {}, {}
    for i, s in enumerate((8, 16, 32)):
        p = f"p{s}"
        nodes.append(h.make_node("AveragePool", [inp], [p], kernel_shape=[s, s], strides=[s, s]))
        for kind, c in (("scores", 1), ("boxes", 4), ("kps", 10)):
            w = normal(f"toy.det.{kind}{s}.w", (2 * c, 3, 1, 1), seed)
            b = normal(f"toy.det.{kind}{s}.b", (2 * c,), seed) * np.float32(0.2)
            if kind == "scores":
                w = w * np.float32(4); b = b - np.float32({8: 3.4, 16: 2.4, 32: 1.6}[s])
            elif kind == "boxes":
                w = w * np.float32(0.6); b = b + np.float32(3.0)
            n = f"{kind}{i+1}"
            inits[n + "w"], inits[n + "b"], inits[n + "sh"] = w, b, np.array([-1, c], np.int64)
            nodes += [h.make_node("Conv", [p, n + "w", n + "b"], [n + "c"], kernel_shape=[1, 1]),
                      h.make_node("Transpose", [n + "c"], [n + "t"], perm=[0, 2, 3, 1]),
                      h.make_node("Reshape", [n + "t", n + "sh"], [n + "r"])]
            nodes.append(h.make_node({"scores": "Sigmoid", "boxes": "Softplus", "kps": "Identity"}[kind], [n + "r"], [n]))
            outs[n] = V(n, [2 * (512 // s) ** 2, c])
    order = [f"{k}{i}" for k in ("scores", "boxes", "kps") for i in (1, 2, 3)]
    _save(path, nodes, [V(inp, [1, 3, 512, 512])], [outs[o] for o in order], inits)


def face_template(n, seed, eyes_l, eyes_r, lip, tag):
    """n points of a crude upright face in [-1, 1] with the given index groups on eyes and mouth."""
    g = normal(f"toy.template.{tag}", (n, 2), seed)
    r = np.clip(np.abs(g), 0, 2) / 2.0
    pts = np.sign(g) * r * np.array([0.62, 0.78], np.float32)
    for k, i in enumerate(eyes_l):
        pts[i] = (-0.28 + 0.07 * np.cos(k * 1.6), -0.22 + 0.04 * np.sin(k * 1.6))
    for k, i in enumerate(eyes_r):
        pts[i] = (0.28 + 0.07 * np.cos(k * 1.6), -0.22 + 0.04 * np.sin(k * 1.6))
    for k, i in enumerate(lip):
        pts[i] = (-0.18 + 0.36 * k / max(len(lip) - 1, 1), 0.38)
    return pts.astype(np.float32)


def points_net(path, seed, inp, out, size, bias, eps, tag, extra=()):
    """AveragePool to 8x8, flatten, linear: bias + eps * W x."""
    k = size // 8
    w = normal(f"toy.{tag}.w", (3 * 64, bias.size), seed) * np.float32(eps / np.sqrt(192))
    nodes = [h.make_node("AveragePool", [inp], ["p"], kernel_shape=[k, k], strides=[k, k]),
             h.make_node("Flatten", ["p"], ["f"], axis=1),
             h.make_node("Gemm", ["f", "w", "b"], [out])]
    inits = dict(w=w, b=bias.reshape(-1).astype(np.float32))
    outs = [V(out, [1, bias.size])]
    pre = []
    for i, n in enumerate(extra):
        nodes.append(h.make_node("ReduceMean", ["f"], [n], axes=[1], keepdims=1))
        pre.append(V(n, [1, 1]))
    _save(path, nodes, [V(inp, [1, 3, size, size])], pre + outs, inits)


def blaze(path, seed):
    # NHWC input; one face-like response near the centre of the 16x16 grid
    nodes = [h.make_node("Transpose", ["input"], ["x"], perm=[0, 3, 1, 2]),
             h.make_node("AveragePool", ["x"], ["p"], kernel_shape=[32, 32], strides=[32, 32]),
             h.make_node("Flatten", ["p"], ["f"], axis=1)]
    wr = normal("toy.blaze.wr", (48, 896 * 16), seed) * np.float32(0.3)
    br = np.zeros((896, 16), np.float32)
    br[:, 2:4] = 52.0
    br[:, 4:16] = normal("toy.blaze.kp", (896, 12), seed) * np.float32(6)
    br[:, 4:8] = np.array([-12, -8, 12, -9], np.float32)
    wc = normal("toy.blaze.wc", (48, 896), seed) * np.float32(0.15)
    bc = np.full((896,), -6.0, np.float32)
    for idx in (270, 271, 272, 273, 302, 303):      # 16x16 grid cells near the centre, 2 anchors each
        bc[idx] = 1.2
    inits = dict(wr=wr, br=br.reshape(-1), wc=wc, bc=bc, sr=np.array([1, 896, 16], np.int64), sc=np.array([1, 896, 1], np.int64))
    nodes += [h.make_node("Gemm", ["f", "wr", "br"], ["gr"]), h.make_node("Reshape", ["gr", "sr"], ["regressors"]),
              h.make_node("Gemm", ["f", "wc", "bc"], ["gc"]), h.make_node("Reshape", ["gc", "sc"], ["classificators"])]
    _save(path, nodes, [V("input", [1, 128, 128, 3])], [V("regressors", [1, 896, 16]), V("classificators", [1, 896, 1])], inits)


def mesh(path, seed):
    t = np.concatenate([face_template(478, seed, [33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173],
                                      [263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398],
                                      [61, 13, 14, 291], "mesh"), normal("toy.mesh.z", (478, 1), seed) * np.float32(0.1)], 1)
    for i, (x, y) in {33: (-.42, -.22), 133: (-.16, -.21), 263: (.42, -.22), 362: (.16, -.21), 468: (-.30, -.215), 473: (.28, -.22),
                      145: (-.29, -.17), 159: (-.29, -.27), 144: (-.33, -.18), 160: (-.33, -.26), 153: (-.25, -.18), 158: (-.25, -.26),
                      374: (.29, -.17), 386: (.29, -.28), 373: (.33, -.18), 387: (.33, -.26), 380: (.25, -.18), 385: (.25, -.26)}.items():
        t[i, :2] = (x, y)
    pts = (t + np.array([1, 1, 0], np.float32)) * 128.0
    nodes = [h.make_node("Transpose", ["input"], ["x"], perm=[0, 3, 1, 2]),
             h.make_node("AveragePool", ["x"], ["p"], kernel_shape=[32, 32], strides=[32, 32]),
             h.make_node("Flatten", ["p"], ["f"], axis=1), h.make_node("Gemm", ["f", "w", "b"], ["g"]),
             h.make_node("Reshape", ["g", "s"], ["Identity"]),
             h.make_node("ReduceMean", ["f"], ["m"], axes=[1], keepdims=1),
             h.make_node("Reshape", ["m", "s1"], ["Identity_1"]), h.make_node("Identity", ["m"], ["Identity_2"])]
    inits = dict(w=normal("toy.mesh.w", (192, 1434), seed) * np.float32(2.0 / 13.8), b=pts.reshape(-1).astype(np.float32),
                 s=np.array([1, 1, 1, 1434], np.int64), s1=np.array([1, 1, 1, 1], np.int64))
    _save(path, nodes, [V("input", [1, 256, 256, 3])],
          [V("Identity", [1, 1, 1, 1434]), V("Identity_1", [1, 1, 1, 1]), V("Identity_2", [1, 1])], inits)


def build_all(out, seed):
    os.makedirs(out, exist_ok=True)
    P = lambda n: os.path.join(out, n)
    hubert(P("hubert.onnx"), seed)
    det(P("insightface_det.onnx"), seed)
    t106 = face_template(106, seed, [33, 35, 40, 39], [87, 89, 94, 93], [52, 61], "lmk106")
    points_net(P("landmark106.onnx"), seed, "data", "fc1", 192, t106, 0.02 / 128, "lmk106")
    t203 = face_template(203, seed, [0, 6, 12, 18], [24, 30, 36, 42], [48, 66], "lmk203")
    b203 = (t203 + 1) / 2
    points_net(P("landmark203.onnx"), seed, "input", "landmarks", 224, b203, 0.02, "lmk203")
    points_net(P("landmark203_ori.onnx"), seed, "input", "out3", 224, b203, 0.02, "lmk203", extra=("out1", "out2"))
    blaze(P("blaze_face.onnx"), seed)
    mesh(P("face_mesh.onnx"), seed)


if __name__ == "__main__":
    build_all(sys.argv[2], int(sys.argv[1]))
