"""The Chinese of what recipes declare: their titles and remarks.

It stands apart from the recipes, since a recipe's bytes are a condition of every number it measured.
"""

RECIPES: dict[str, str] = {
    # titles
    "LeNet-5 on MNIST": "MNIST 上的 LeNet-5",
    "Least squares on one-hot targets, by the normal equations": "用正规方程对独热目标做最小二乘",
    "Linear classifier of 1998: one layer, squared error": "1998 年的线性分类器：单层，平方误差",
    "Linear regression by gradient descent, coded by hand": "手写梯度下降的线性回归",
    "MNIST to 99 % in one pass": "一轮训练 MNIST 达到 99 %",
    "Softmax regression by L-BFGS": "用 L-BFGS 训练的 softmax 回归",
    "The MNIST example of PyTorch": "PyTorch 的 MNIST 示例",
    "Two convolutions and one layer on Fashion-MNIST": "Fashion-MNIST 上的两层卷积加一层全连接",
    "Two layers with backpropagation coded by hand": "手写反向传播的两层网络",
    "Two-layer network 784-300-10 on MNIST": "MNIST 上的两层网络 784-300-10",
    # remarks
    "30 steps, chosen by cross-validation on the training split; the minimum of the training loss lies further on and errs more": (
        "30 步，由训练集上的交叉验证选定；训练损失的最小值还在更后面，错误率反而更高"
    ),
    "Convolutions and products in bfloat16 where the processor computes with it and a check of the gradient passes; weights, loss and measurement in float32.": (
        "处理器支持且梯度检查通过时，卷积与乘积用 bfloat16；权重、损失与测量用 float32。"
    ),
    "Dropout draws for each picture by itself, not for a batch.": "Dropout 对每张图单独抽取，而不是对整批抽取。",
    "L-BFGS over all pictures; the published number is by stochastic gradient descent, stopped on a validation split": (
        "对全部图片用 L-BFGS；所发表的数值来自随机梯度下降，并按验证集提前停止"
    ),
    "Network, loss and data as in 1998; first weights, batches and learning rate are today's, which is why it errs less than the number of 1998.": (
        "网络、损失与数据同 1998 年；初始权重、批次与学习率是今天的做法，所以错误率低于 1998 年的数值。"
    ),
    "Products in bfloat16 where the processor computes with it and a check of the gradient passes.": (
        "处理器支持且梯度检查通过时，乘积用 bfloat16。"
    ),
    "Products in bfloat16 where the processor computes with it and a check of the gradient passes; weights, loss and measurement in float32.": (
        "处理器支持且梯度检查通过时，乘积用 bfloat16；权重、损失与测量用 float32。"
    ),
    "Shuffled: the example itself trains in the order of the file when it runs on a processor.": (
        "打乱顺序：示例本身在 CPU 上运行时按文件中的顺序训练。"
    ),
    "Standardised with the mean and deviation of MNIST, as the published code does.": (
        "按 MNIST 的均值与标准差归一化，与所发表的代码相同。"
    ),
    "The 61,706-parameter variant: softmax instead of RBF outputs, full instead of partial connections, plain averages, tanh without the factors of 1998.": (
        "61,706 个参数的变体：输出用 softmax 而非 RBF，全连接而非部分连接，普通平均，tanh 不带 1998 年的系数。"
    ),
    "The published number is of one seed.": "所发表的数值只来自一个种子。",
    "The recipe was chosen on 10,000 pictures kept back from the training split, then trained on all 60,000.": (
        "配方在训练集中留出的 10,000 张图上选定，再用全部 60,000 张训练。"
    ),
    "Trained with momentum on batches of 128 in eight passes instead of picture by picture in 20.": (
        "用动量法、每批 128 张训练八轮，而不是逐张训练 20 轮。"
    ),
    "computed on the CPU in float64, whatever the device": "无论何种设备，都在 CPU 上以 float64 计算",
    "computed on the CPU, whatever the device": "无论何种设备，都在 CPU 上计算",
    "gradient descent walks to the point that the published program finds by a formula": (
        "梯度下降走到所发表程序用公式求得的那一点"
    ),
    "no published number of its own; LeCun et al. 1998 say that solving linear systems directly gave them results similar to the 12.0 % of their linear classifier": (
        "没有自己的发表数值；LeCun 等人 1998 年称，直接解线性方程组的结果与其线性分类器的 12.0 % 相近"
    ),
    "no published number: a network to read, not a record": "没有发表数值：供阅读的网络，不是记录",
    "nothing is left to chance: every seed gives the same number": "没有随机性：每个种子给出相同的数值",
    "rate, batches and passes are ours: the paper does not state them": "学习率、批次与轮数由我们选定：论文没有说明",
}
