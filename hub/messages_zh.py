"""The Chinese of every message of an error, by its English with `{names}` where values stand.

An error is raised in English: it may be kept in the catalog, or come over from another process, and
then its words are all there is. hub.text.told finds the sentence that a message was made from.
"""

MESSAGES: dict[str, str] = {
    # what was asked for
    "nothing known as {key}": "没有找到 {key}",
    "{text} is no task": "{text} 不是任务",
    "{key} is a leaderboard": "{key} 是排行榜",
    "{key} is a {kind}; links join papers and repositories": "{key} 是{kind}；关联只存在于论文与代码仓库之间",
    "{key} is a {kind}; leaderboards belong to datasets and tasks": "{key} 是{kind}；排行榜属于数据集与任务",
    "{key} is no paper": "{key} 不是论文",
    "no leaderboard {board}": "没有排行榜 {board}",
    "no leaderboard for {key}": "{key} 没有排行榜",
    "no leaderboard for {key} and {task}": "{key} 与 {task} 没有共同的排行榜",
    "{board} has no metric {metric}": "{board} 没有指标 {metric}",
    "It has: {metrics}": "可用的指标：{metrics}",
    "{kind} entries cannot be sorted by {sort}": "{kind}不能按 {sort} 排序",
    "{kind} entries have no task": "{kind}没有任务",
    "{kind} entries have no area": "{kind}没有领域",
    "repositories have no year": "代码仓库没有年份",
    "Leave --task out.": "请去掉 --task。",
    "Leave --year out.": "请去掉 --year。",
    "Leave --area out.": "请去掉 --area。",
    "{kind} is no kind": "{kind} 不是条目类别",
    "One of: {values}": "可选：{values}",
    "For example: {values}": "例如：{values}",
    "{reading} is no reading state": "{reading} 不是阅读状态",
    "--year {text}: a year (2020) or a span (2019-2021, 2020-, -2015)": (
        "--year {text}：应为年份（2020）或区间（2019-2021、2020-、-2015）"
    ),
    "{end} lies before {begin}": "{end} 早于 {begin}",
    "{text}: YYYY-MM-DD, or a time like 2026-11-01T12:00": (
        "{text}：应为 YYYY-MM-DD，或形如 2026-11-01T12:00 的时间"
    ),
    "--lang {lang}: en or zh": "--lang {lang}：应为 en 或 zh",
    "no format {format}": "没有格式 {format}",
    "--licence {licence}": "--licence {licence}：没有这个选项值",
    "--as-of {day}: a day is YYYY-MM-DD": "--as-of {day}：日期应为 YYYY-MM-DD",
    "--budget {budget}: {values}": "--budget {budget}：可选 {values}",
    "--device {device}: auto, cpu, cuda, mps": "--device {device}：应为 auto、cpu、cuda 或 mps",
    "{what} cannot be exported": "{what} 不能导出",
    "only papers can be written as BibTeX": "只有论文可以写成 BibTeX",
    "the library is written as jsonl or csv": "个人库只能写成 jsonl 或 csv",
    # settings
    "config: no setting {name}": "配置：没有设置项 {name}",
    "config: no setting {name}; did you mean {near}?": "配置：没有设置项 {name}；是否指 {near}？",
    "{name} is true or false, not {text}": "{name} 应为 true 或 false，而不是 {text}",
    "{name} is a whole number, not {text}": "{name} 应为整数，而不是 {text}",
    "config: {name} must be {type}, not {value}": "配置：{name} 的类型应为 {type}，而不是 {value}",
    "lang is en or zh, not {value}": "lang 应为 en 或 zh，而不是 {value}",
    "limit is between 1 and 10,000": "limit 应在 1 与 10,000 之间",
    "{path} cannot be read: {why}": "无法读取 {path}：{why}",
    "Mend it, or move it away.": "请改正它，或把它移走。",
    # one's own
    "a note has 1 to {n} characters": "一条笔记应有 1 到 {n} 个字符",
    "{text} is no tag": "{text} 不是标签",
    "A tag is a word of up to 60 characters.": "标签是一个不超过 60 个字符的词。",
    "no note {note}": "没有笔记 {note}",
    "hub library show KEY lists the ids.": "hub library show KEY 会列出笔记编号。",
    "{key} is not in your library": "{key} 不在您的个人库中",
    "{path} was written by a newer version of the hub, or is no library of it": (
        "{path} 由更新版本的 hub 写成，或不是它的个人库"
    ),
    "Upgrade: pip install --upgrade deep-learning-hub. The file is left as it is.": (
        "请升级：pip install --upgrade deep-learning-hub。该文件保持原样。"
    ),
    "cannot make {path}: {why}": "无法建立 {path}：{why}",
    # the files of the hub
    "{path} does not exist": "{path} 不存在",
    "Run `hub status` to prepare the catalog.": "请运行 `hub status` 准备目录。",
    "{path} is damaged or no catalog: {why}": "{path} 已损坏，或不是目录：{why}",
    "Move it away (your library.db stays); the next start prepares the embedded catalog.": (
        "请把它移走（您的 library.db 不受影响）；下次启动会准备内置目录。"
    ),
    "It holds your own notes: copy it before anything else, then try sqlite3's .recover.": (
        "其中有您自己的笔记：请先复制该文件，再试用 sqlite3 的 .recover。"
    ),
    "no room left to write {path}": "没有剩余空间写入 {path}",
    "Free some space and run the command again.": "请腾出空间，然后重新运行该命令。",
    "{path} is locked by another program": "{path} 被另一程序锁定",
    "Try again in a moment.": "请稍后再试。",
    "{path} cannot be written: the file or its folder is read-only": "无法写入 {path}：文件或其文件夹是只读的",
    "Set HUB_HOME to a folder of your own.": "请把 HUB_HOME 设为您自己的文件夹。",
    "the disk failed while using {path}: {why}": "使用 {path} 时磁盘出错：{why}",
    "Check space and disk.": "请检查磁盘空间与磁盘。",
    "{path} is no catalog of the hub": "{path} 不是 hub 的目录",
    "Move it away; the next start prepares the embedded catalog again.": (
        "请把它移走；下次启动会重新准备内置目录。"
    ),
    "{path} was written by a newer version of the hub (revision {found}, this one knows {head})": (
        "{path} 由更新版本的 hub 写成（版本 {found}，当前程序认识到 {head}）"
    ),
    "Upgrade: pip install --upgrade deep-learning-hub": "请升级：pip install --upgrade deep-learning-hub",
    "no search index in {folder}: {why}": "{folder} 中没有搜索索引：{why}",
    "the search index in {folder} is damaged: {why}": "{folder} 中的搜索索引已损坏：{why}",
    "Build it again: hub index": "请重新建立：hub index",
    "{path} cannot be written": "无法写入 {path}",
    "cannot lock {path}: {why}": "无法锁定 {path}：{why}",
    "the catalog is being written by {who}": "目录正由 {who} 写入",
    "Try again when it has finished; reading works meanwhile.": "请等它结束后再试；其间仍可阅读。",
    "cannot write {path}: {why}": "无法写入 {path}：{why}",
    "Free some space, or set HUB_HOME to a folder of your own.": (
        "请腾出空间，或把 HUB_HOME 设为您自己的文件夹。"
    ),
    "cannot copy the embedded catalog to {path}: {why}": "无法把内置目录复制到 {path}：{why}",
    "Free some space, or set HUB_HOME to another folder.": "请腾出空间，或把 HUB_HOME 设为别的文件夹。",
    "{path} cannot be written, and it holds no prepared catalog": "无法写入 {path}，其中也没有准备好的目录",
    "Install the package again: pip install --force-reinstall deep-learning-hub": (
        "请重新安装：pip install --force-reinstall deep-learning-hub"
    ),
    "{path} is damaged: {why}": "{path} 已损坏：{why}",
    # files to import
    "{path}: no such file": "{path}：没有该文件",
    "{path} is a folder": "{path} 是文件夹",
    "Name the files in it.": "请写出其中的文件名。",
    "{path}: cannot be read: {why}": "{path}：无法读取：{why}",
    "{path}: position 0: neither an arXiv metadata snapshot (JSON lines), nor a "
    "Papers with Code dump (one JSON array), nor an export of the hub; it begins with {begin}": (
        "{path}：位置 0：既不是 arXiv 元数据快照（JSON 行），也不是 Papers with Code 的转储"
        "（一个 JSON 数组），也不是 hub 的导出；它以 {begin} 开头"
    ),
    "hub import --help names the files that are read.": "hub import --help 列出可读取的文件。",
    "a value of type {type}": "类型为 {type} 的值",
    # runs
    "{name} names data that nobody declares: {dataset}": "{name} 用到未声明的数据：{dataset}",
    "{count} processes cannot share {shards} shards evenly: --nproc {fitting}, or --fast": (
        "{count} 个进程无法平分 {shards} 份：请用 --nproc {fitting}，或 --fast"
    ),
    "--nproc {n} among {count} processes": "--nproc {n} 与 {count} 个进程不符",
    "--shards is for --exact: --fast has one for each process": "--shards 只用于 --exact：--fast 每个进程一份",
    "a batch that is not cut is for one process: --exact or --fast": (
        "不切分的批次只适合单进程：请用 --exact 或 --fast"
    ),
    "a last batch of {n} rows is too small for {count} processes": "最后一批只有 {n} 行，不够 {count} 个进程分",
    "the processes do not see the same checkpoints: they need one folder on a shared disk": (
        "各进程看到的检查点不同：它们需要共享磁盘上的同一文件夹"
    ),
    "{name} is computed in one piece: neither --exact nor several processes": (
        "{name} 是整体计算的：不能用 --exact，也不能用多个进程"
    ),
    "the predictor says {n} for {count} rows": "预测器对 {count} 行给出了 {n} 个结果",
    "{n} rows were measured of {count}": "{count} 行中只测得 {n} 行",
    "no CUDA device is here, or torch was built without CUDA: --device cpu": (
        "本机没有 CUDA 设备，或 torch 不带 CUDA：请用 --device cpu"
    ),
    "{n} CUDA devices are too few: --nproc": "{n} 个 CUDA 设备不够：请调整 --nproc",
    "no Apple GPU is here: --device cpu": "本机没有 Apple GPU：请用 --device cpu",
    "another run is under way in {folder}: --folder": "{folder} 中正有另一次运行：请用 --folder 换一个",
    "--resume goes on from the last checkpoint": "加 --resume 可从最后的检查点继续",
    "{folder} lacks {files}": "{folder} 缺少 {files}",
    "no answer ({why})": "没有应答（{why}）",
    "what was here does not fit what the mirror holds": "已有的部分与镜像的内容不符",
    "hub dataset list says where data lie.": "hub dataset list 说明数据在何处。",
    "{folder}: {name} has a class beyond {most}": "{folder}：{name} 中有大于 {most} 的类别",
    "no IDX file of {n} bytes: it begins {found}": "不是 {n} 字节的 IDX 文件：它以 {found} 开头",
    "{place} is not {file}: expected {expected}; got {got}": "{place} 不是 {file}：应为 {expected}；实际为 {got}",
    "{title}: {place} lacks {files}": "{title}：{place} 缺少 {files}",
    # why a leaderboard is not ranked
    "the source names no metric": "来源没有给出指标",
    "whether a higher or a lower {metric} is better is not known": "不知道 {metric} 是越高越好还是越低越好",
    "{metric} is printed as percent in some rows and as a fraction in others": (
        "{metric} 在有的行里是百分数，在有的行里是小数"
    ),
    # crawls: what is asked for
    "nothing to crawl is called {what}": "没有名为 {what} 的抓取目标",
    "--replay {folder}: no such folder": "--replay {folder}：没有该文件夹",
    "--record {folder}: {why}": "--record {folder} 无法使用：{why}",
    "--since and --days say the same: give one of them": "--since 与 --days 含义相同，只能给一个",
    "--since {day} lies in the future": "--since {day} 在未来",
    "--since {day}: a day is YYYY-MM-DD": "--since {day}：日期应为 YYYY-MM-DD",
    "--category all says it all: no other one beside it": "--category all 已包含全部，不能再给别的分类",
    "{word} is no arXiv category": "{word} 不是 arXiv 分类",
    "--repo {text}: no repository on GitHub": "--repo {text}：不是 GitHub 上的代码仓库",
    "--paper {text}: no arXiv paper": "--paper {text}：不是 arXiv 论文",
    "--slice {slice}": "--slice {slice}：没有这个选项值",
    "arXiv has no feed of everything": "arXiv 没有包含全部内容的订阅源",
    "Say from when on: --days 1, --since, --full.": "请说明从何时起：--days 1、--since 或 --full。",
    "Free some space, or name another folder. What came is kept.": (
        "请腾出空间，或指定别的文件夹。已取得的内容已保存。"
    ),
    "cannot keep a download in {folder}: {why}": "无法把下载内容存入 {folder}：{why}",
    "Free some space, or set HUB_HOME to another folder. What came is kept.": (
        "请腾出空间，或把 HUB_HOME 设为别的文件夹。已取得的内容已保存。"
    ),
    "{source} reads no file": "{source} 不读取文件",
    # crawls: refusals
    "{who} refused ({why}); not asked before {until}": "{who} 拒绝了请求（{why}）；{until} 之前不再询问",
    "{who} cannot be reached: {why} ({n} tries)": "无法连接 {who}：{why}（试了 {n} 次）",
    "{who} answers {status}: {why} ({n} tries)": "{who} 应答 {status}：{why}（试了 {n} 次）",
    "{host} answers {status}: {why}": "{host} 应答 {status}：{why}",
    "offline by wish: {host} was not asked": "按设置离线：没有询问 {host}",
    "no recorded answer for {url}": "没有 {url} 的已录应答",
    "too many damaged answers: {why}": "损坏的应答太多：{why}",
    "no answer in time ({why})": "没有及时应答（{why}）",
    "its headers did not come in time": "应答头没有及时到达",
    "an HTML page came in the place of the file": "来的是网页而不是文件",
    "only {n} bytes came": "只来了 {n} 字节",
    "only {n} bytes came in {seconds} s and more": "{seconds} 秒多只来了 {n} 字节",
    "the file ended at byte {at} of {size}": "文件在 {size} 字节中的第 {at} 字节处中断",
    "the packed answer is cut off": "压缩的应答不完整",
    "{who} leads to an address that is not asked: {url}": "{who} 指向一个不予询问的网址：{url}",
    "{who} leads to another host: {url}": "{who} 指向另一主机：{url}",
    "{token} is no token: it holds what no token does. Nothing was sent.": (
        "{token} 不是令牌：其中有令牌不会有的字符。没有发送任何内容。"
    ),
    "no address to ask: {why}": "没有可询问的网址：{why}",
    "a redirect to no address: {url}": "重定向到的不是网址：{url}",
    "more than {n} redirects": "重定向超过 {n} 次",
    "a part of a file came without saying which part": "来了文件的一部分，却没有说明是哪一部分",
    "{kind_} came instead of {wanted}: {line}": "来的是 {kind_}，而不是 {wanted}：{line}",
    "the answer is longer than {n} MiB": "应答超过 {n} MiB",
    "the answer is packed as {encoding}, which was not asked for": "应答以 {encoding} 压缩，而请求中没有要求",
    "the answer cannot be unpacked: {why}": "应答无法解压：{why}",
    "the answer is empty": "应答是空的",
    "the recorded answer is damaged: {why}": "已录应答已损坏：{why}",
    "{file} is not the published file: expected sha256 {sha256} ({size} bytes), got {found}": (
        "{file} 不是所发布的文件：应为 sha256 {sha256}（{size} 字节），实际为 {found}"
    ),
    "{file}: asked from byte {from}, got it from {begin}": "{file}：请求从第 {from} 字节开始，来的却从 {begin} 开始",
    "{file} is longer than the published {size} bytes": "{file} 比所发布的 {size} 字节更长",
    # crawls: answers that are none
    "the list turns in a circle: its next page was read before": "列表首尾相接：下一页已经读过",
    "the list turns in a circle: {n} pages repeat earlier ones": "列表首尾相接：有 {n} 页与先前重复",
    "no such step any more: {step}": "已没有这一步：{step}",
    "no such step: {step}": "没有这一步：{step}",
    "nested too deeply to be read": "嵌套太深，无法读取",
    "nested too deeply": "嵌套太深",
    "cannot be read ({type}); please report it": "无法读取（{type}）；请报告此问题",
    "not changed since nothing was asked: status 304": "没有询问过，却答复没有变化：状态 304",
    "not an arXiv category: {text}": "不是 arXiv 分类：{text}",
    "none of {n} entries can be read: {why}": "{n} 个条目都无法读取：{why}",
    "arXiv refuses: {why}": "arXiv 拒绝：{why}",
    "arXiv refuses the request with status {status}": "arXiv 以状态 {status} 拒绝请求",
    "an OAI-PMH answer without a list of records": "OAI-PMH 应答中没有记录列表",
    "a list without any record": "列表中没有记录",
    "the resumption token repeats itself": "续传标记重复",
    "a resumption token of {n} characters": "续传标记长达 {n} 个字符",
    "the query has no word to search for": "检索式中没有可检索的词",
    "not a day: {text}": "不是日期：{text}",
    "the feed does not say how many papers there are": "订阅源没有说明有多少论文",
    "{n} papers came, {promised} were promised": "来了 {n} 篇论文，而应有 {promised} 篇",
    "a page from {begin} came instead of one from {start}": "来的页从 {begin} 开始，而应从 {start} 开始",
    "{n} papers in one minute: the dates were ignored": "一分钟内有 {n} 篇论文：日期条件未被采用",
    "papers from other days than asked for: the dates were ignored": "论文的日期与请求不符：日期条件未被采用",
    "the feed is cut off or damaged": "订阅源不完整或已损坏",
    "the feed is damaged": "订阅源已损坏",
    "not an RSS feed with a channel": "不是带频道的 RSS 订阅源",
    "the page is damaged: not UTF-8": "网页已损坏：不是 UTF-8",
    "the page is cut off": "网页不完整",
    "another page came than the one asked for": "来的不是所请求的网页",
    "the layout of the page is unknown: no rows, or too many": "网页布局未知：没有行，或行太多",
    "the layout of the page is unknown: {why}": "网页布局未知：{why}",
    "the page is of another language than the one asked for": "网页的编程语言与请求不符",
    "the page came from no address": "网页没有来源网址",
    "GitHub's GraphQL answers: {words}": "GitHub 的 GraphQL 应答：{words}",
    "a status {status} that is not of GitHub's API": "状态 {status} 不属于 GitHub API",
    "GitHub forbids to look at {name}": "GitHub 禁止查看 {name}",
    "the answer holds no repository": "应答中没有代码仓库",
    "the answer holds no search result": "应答中没有搜索结果",
    "the answer holds no community profile": "应答中没有社区档案",
    "the answer holds no README": "应答中没有 README",
    "the README is damaged": "README 已损坏",
    "the repository moved, and the answer does not say where to": "代码仓库已迁移，而应答没有说明迁到何处",
    "the search promises {n} repositories and holds none": "搜索声称有 {n} 个代码仓库，却一个也没有给出",
    "GitHub has no topics like {topic}: letters a to z, digits, hyphens": (
        "GitHub 没有 {topic} 这样的主题：只能用字母 a 到 z、数字和连字符"
    ),
    "a GitHub search has at most {most} characters; this one has {n}": (
        "GitHub 搜索最多 {most} 个字符；此处有 {n} 个"
    ),
    "a GitHub search has at most {most} AND, OR and NOT; this one has {n}": (
        "GitHub 搜索最多用 {most} 个 AND、OR、NOT；此处有 {n} 个"
    ),
    "leave stars: out of the search: it is read in slices by stars": (
        "请去掉搜索中的 stars:：结果本来就按星数分段读取"
    ),
    "the answer is not JSON": "应答不是 JSON",
    "the JSON is not an object": "JSON 不是对象",
    "the JSON is not a list": "JSON 不是列表",
    "the JSON is damaged: not UTF-8": "JSON 已损坏：不是 UTF-8",
    "the JSON is nested too deeply": "JSON 嵌套太深",
    "the JSON is empty or cut off": "JSON 是空的或不完整",
    "not the paper that was asked for": "不是所请求的论文",
    "an empty page that leads on to another one": "空页却指向下一页",
    "a day that is over was refused": "已过去的一天被拒绝",
    "no list of domains": "没有领域列表",
    "no list of results": "没有结果列表",
    "an empty page where entries are promised": "应有条目的页是空的",
    "the filter {name} was not applied": "筛选条件 {name} 未被采用",
    "an HTML page came instead of XML": "来的是网页而不是 XML",
    "no XML came, but: {text}": "来的不是 XML，而是：{text}",
    "the XML declares a document type, which no answer of theirs does": "XML 声明了文档类型，而其应答从不如此",
    "a document <{found}> came instead of <{name}>": "来的是 <{found}> 文档，而不是 <{name}>",
    "the XML is not UTF-8": "XML 不是 UTF-8",
    "the XML is cut off or damaged": "XML 不完整或已损坏",
    # the terminal interface
    "something went wrong that should not: {why}": "发生了不该发生的错误：{why}",
    "The details are in {path}.": "详情见 {path}。",
    "The log cannot be written.": "日志无法写入。",
    "no dataset {name}": "没有数据集 {name}",
    "Days and entries: whole numbers up to 20000, or nothing": "天数与条目数：不超过 20000 的整数，或留空",
    "Seeds: numbers such as 1, or 2,5, or 1-5": "种子：如 1，或 2,5，或 1-5",
    "Seeds: at most a hundred, up to 2147483648": "种子：最多一百个，不超过 2147483648",
    "Threads: a number from 1 to 1024, or nothing": "线程：1 到 1024 的数，或留空",
    "Minutes: a number, at least 0.01, or nothing": "分钟：不小于 0.01 的数，或留空",
}

PARSER: dict[str, str] = {
    "No such command {name}.": "没有命令 {name}。",
    "No such command {name}. Did you mean {near}?": "没有命令 {name}；是否指 {near}？",
    "No such option: {name}": "没有选项 {name}",
    "No such option: {name} (Possible options: {values})": "没有选项 {name}（可用的选项：{values}）",
    "No such option: {name} Did you mean {near}?": "没有选项 {name}；是否指 {near}？",
    "Missing argument {name}.": "缺少参数 {name}。",
    "Missing option {name}.": "缺少选项 {name}。",
    "Missing command.": "缺少命令。",
    "Option {name} requires an argument.": "选项 {name} 需要一个值。",
    "Option {name} requires {n} arguments.": "选项 {name} 需要 {n} 个值。",
    "Option {name} does not take a value.": "选项 {name} 不带值。",
    "Got unexpected extra argument(s) ({values})": "多出参数（{values}）",
    "Invalid value for {name}: {why}": "{name} 的值不对：{why}",
    "{value} is not a valid {type}.": "{value} 不是有效的 {type}。",
    "{value} is not in the range {range}.": "{value} 不在 {range} 范围内。",
}
"""What the parser of the command line finds wrong, in its own words."""
