/** The texts of the cards in Simplified Chinese. */

const LATIN = /^[\x20-\x7e]/;

/** Separate Chinese from Latin text by a space, as in “至 12:00”, but not from Chinese, as in “至明天 12:00”. */
const spaced = (chinese: string, text: string) => (LATIN.test(text) ? `${chinese} ${text}` : `${chinese}${text}`);

import type { Texts } from "./en";

export const zhHans: Texts = {
  language: "zh-Hans",

  words: { free: "空闲", busy: "占用中", disabled: "停用", unknown: "无数据" },
  endingSoon: "即将结束",
  startingSoon: "即将有预订",
  until: { free: (time) => `${time} 前可用`, busy: (time) => spaced("至", time) },
  restOfDay: "今天不再有预订",
  noEnd: "结束时间待定",
  noBookings: "近期没有预订",
  timeLeft: (time) => spaced("还有", time),
  duration: (hours, minutes) => {
    if (!hours) return minutes ? `${minutes} 分钟` : "不到 1 分钟";
    return minutes ? `${hours} 小时 ${minutes} 分钟` : `${hours} 小时`;
  },
  next: "下次预订",
  nextNone: "无",
  nextFree: "下次空闲",
  today: "今天",
  tomorrow: "明天",
  nothingBooked: "没有预订",
  nearby: "附近空闲",
  seats: (count) => `${count} 人`,
  pending: (count) => `${count} 个预订待审批`,
  doubts: {
    unavailable: (time) => (time ? `自 ${time} 起状态不明。` : "暂时状态不明。"),
    missing: (entity) => `Home Assistant 中没有 ${entity}。`,
    offline: (time) => `自 ${time} 起与 Home Assistant 断开连接。`,
    overdue: (time) => `${time} 之后没有收到更新。`,
  },
  lost: (time) => `自 ${time} 起连接中断`,
  bookings: (spans) => `今天的预订：${spans}`,
  bookingsNone: "今天没有预订",
  sentence: (...parts) => parts.join("，"),
  badge: (free) => `${free} 间空闲`,
  is: (name, state) => `${name}：${state}`,
  details: (name) => `查看${name}`,

  actions: {
    book: "预订",
    extend: "延长",
    end: "结束",
    change: "延长或结束",
    bookFor: (time) => `预订 ${time}`,
    bookUntil: (time) => spaced("预订至", time),
    extendBy: (time) => `延长 ${time}`,
    minutes: (minutes) => `${minutes} 分钟`,
    confirm: "现在结束这场会议吗？会议室将变为空闲，其他人可以预订。",
    endNow: "现在结束",
    keep: "不结束",
    working: {
      book: "正在预订，飞书需要几秒钟……",
      extend: "正在延长，飞书需要几秒钟……",
      end: "正在结束，飞书需要几秒钟……",
    },
    booked: (name, time) => `${name}：${spaced("已预订至", time)}。`,
    extended: (name, time) => `${name}：${spaced("已延长至", time)}。`,
    ended: (name) => `${name}：会议已结束。`,
    notShownYet: (name) => `${name}：会议已结束，但飞书还没有更新。`,
    refused: {
      book: (reason) => `预订失败。${reason}`,
      extend: (reason) => `延长失败。${reason}`,
      end: (reason) => `结束失败。${reason}`,
    },
    forbidden: "您没有权限操作这间会议室。",
    noReason: "Home Assistant 没有说明原因。",
    unknown: "连接中断，不知道操作是否成功。请查看会议室的状态。",
    enterPin: "请输入 PIN 码",
    wrongPin: "PIN 码错误",
    locked: "错误次数过多，请一分钟后再试。",
    digits: (count) => `已输入 ${count} 位`,
    erase: "删除最后一位",
    cancel: "取消",
    ok: "确定",
    close: "关闭",
  },

  invite: {
    feishu: "飞书",
    code: (app) => `二维码：在${app}中新建日程`,
    title: (app) => `用${app}扫码预订`,
    addRoom: (name) => `扫码后请添加会议室“${name}”`,
    link: (app) => `用${app}预订`,
    about: (time, name) => `${time}。请在日程中添加会议室“${name}”。`,
    event: "会议",
  },

  board: {
    title: "会议室",
    summary: (free, all) => `空闲 ${free} 间，共 ${all} 间`,
    changed: (count) => `${count} 间会议室的状态有变化`,
    floor: "楼层",
    allFloors: "所有楼层",
    seats: "人数",
    anySeats: "人数不限",
    minSeats: (count) => `${count} 人及以上`,
    freeFor: (minutes) => `空闲 ${minutes} 分钟以上`,
    none: "还没有会议室。",
    noMatch: "没有符合条件的会议室。",
    elsewhere: "其他",
    requests: (count) => `${count} 个待审批`,
    continued: (place) => `${place}（续）`,
    page: (page, pages) => `第 ${page} 页，共 ${pages} 页`,
    previousPage: "上一页",
    nextPage: "下一页",
  },

  utilization: {
    title: "使用率",
    all: "全部会议室",
    about:
      "以下为占工作时间的比例。如果某一规模的会议室大多一直被预订，说明这类会议室不够用；很少被预订的大会议室可能过大。",
    thisMonth: "本月",
    shares: { booked: "已预订", used: "有人使用", no_show: "无人到场", ad_hoc: "未预订，有人" },
    lastMonth: "上月预订率",
    seats: {
      upTo: (most) => `${most} 人及以下`,
      between: (least, most) => `${least} 至 ${most} 人`,
      from: (least) => `${least} 人及以上`,
      unknown: "人数未知",
    },
    empty: "已预订，但无人到场",
    eachRoom: "各会议室",
    enable: (address) =>
      `会议室的传感器默认禁用。要在这里查看每间会议室，请打开[实体](${address})，搜索“预订率”，选中全部结果并启用，半分钟后刷新本页。\n\n指定了有人检测传感器的会议室还有“今日无人到场率”和“本月无人到场率”。`,
  },

  cards: {
    room: "会议室",
    roomAbout: "一间飞书会议室：是否空闲、占用到几点、下次预订。从小卡片到门牌屏都适用",
    board: "会议室看板",
    boardAbout: "按楼层显示所有飞书会议室和当天的预订",
    map: "会议室平面图",
    mapAbout: "平面图上的飞书会议室，颜色表示状态",
    badge: "空闲会议室",
    badgeAbout: "飞书会议室现在有几间空闲，可限定楼层或人数",
    strategyAbout: "所有飞书会议室的看板，每栋楼一个页面，使用率页面，以及每间会议室一个门牌屏",
  },

  faults: {
    noEntity: "请选择会议室：缺少“entity”。",
    wrongEntity: (value) => `“${value}”不是会议室：请使用会议室的二元传感器。`,
    wrongOption: (name, wanted) => `“${name}”应为${wanted}。`,
    wanted: {
      text: "文本",
      boolean: "true 或 false",
      minutes: "分钟数",
      seats: "人数",
      seconds: "秒数",
      hour: "0 到 24 之间的整点",
      entities: "二元传感器列表",
      picture: "图片",
      placed: "二元传感器列表，带 0 到 100 的 x 和 y",
      action: "操作",
      color: "颜色，例如“#17723a”",
      pin: "加引号的 4 到 8 位数字",
    },
    dayOrder: "一天的结束必须晚于开始。",
  },
};
